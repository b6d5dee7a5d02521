import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { uuidFromSeed } from '../../../common/contract/uuid.ts';
import { requireTools } from '../../tools/check-tool.ts';
import type { HostTool } from '../../tools/host-tool.ts';
import { MKFS_EROFS, mkfsErofs } from '../../tools/mkfs-erofs.ts';
import { MKSQUASHFS, mksquashfs } from '../../tools/mksquashfs.ts';
import { OPENSSL } from '../../tools/openssl.ts';
import type { Runner } from '../../tools/runner.ts';
import { SGDISK, writePartitionTable } from '../../tools/sgdisk.ts';
import {
  formatVerity,
  VERITY_BLOCK,
  VERITYSETUP,
  verifyVerity,
  verityTreeSize,
} from '../../tools/veritysetup.ts';
import { DATA_START, extensionLayout, GRAIN, hashStart } from './disk-layout.ts';
import { checkTarget } from './extension-release.ts';
import type { ExtensionContext, ExtensionSpec } from './extension-spec.ts';
import { checkSigner, isKeyExposed, signRootHash } from './root-hash-signature.ts';
import { stageTree } from './stage-tree.ts';

/** The properties of the finished extension. */
export interface MadeExtension {
  /** Root hash of the dm-verity tree, in hex: it authenticates the whole content. */
  readonly rootHash: string;
  readonly certificateFingerprint: string | undefined;
  readonly files: number;
  /** Unix timestamp in seconds that it is stamped with. */
  readonly epoch: number;
}

/** zstd level of the squashfs: packed once, read by many (docs/decisions/0009-one-root-packed-with-zstd.md). */
const LEVEL = 9;
/** Size of one read when copying, in bytes. */
const CHUNK = 1024 * 1024;

/**
 * Builds an extension as a disk image with dm-verity (Discoverable Disk Image), directly in `output`, without loop
 * devices or mounts. The same content gives the same bytes.
 * @param output the file to write
 * @throws FactoryError `tool`, `usage`, `verification` or `step`; the file is unusable then
 */
export async function makeExtension(
  spec: ExtensionSpec,
  output: string,
  context: ExtensionContext,
): Promise<MadeExtension> {
  const { runner, scratch } = context;
  await requireTools(runner, toolsFor(spec));
  checkTarget(spec.target);
  const certificate = spec.signer && (await checkSigner(spec.signer));
  if (spec.signer && (await isKeyExposed(spec.signer))) {
    context.notice(`${spec.signer.key} can be read by users other than its owner`);
  }

  const tree = join(scratch, 'tree');
  await mkdir(tree, { mode: 0o755 });
  const { files, epoch } = await stageTree(spec, tree, context);
  const data = join(scratch, 'data');
  await makeFilesystem(runner, spec, { tree, output: data, epoch });

  const { size } = await stat(data);
  const digest = await placeData(data, output);
  const place = { data, hashFile: output, hashOffset: hashStart(size) };
  const hashSize = verityTreeSize(size);
  await truncate(output, place.hashOffset + hashSize);
  // A salt defeats precomputed tables. A hash of the content serves as well as a random one, and is reproducible.
  const salt = createHash('sha256').update(`salt ${digest}`).digest('hex');
  const rootHash = await formatVerity(runner, place, { salt, uuid: uuidFromSeed(`verity ${digest}`) });
  await verifyVerity(runner, place, rootHash);

  const { arch, signer } = spec;
  const layout = extensionLayout({
    arch,
    dataSize: size,
    hashSize,
    rootHash,
    isSigned: signer !== undefined,
  });
  await truncate(output, layout.size);
  if (signer && certificate) {
    const signature = await signRootHash(runner, rootHash, { signer, certificate, scratch });
    await writeAt(output, signature, layout.partitions.at(-1)?.start ?? 0);
  }
  await writePartitionTable(runner, layout, { file: output, alignment: GRAIN / 512 });
  return { rootHash, certificateFingerprint: certificate?.fingerprint, files, epoch };
}

function toolsFor({ format, signer }: ExtensionSpec): HostTool[] {
  const filesystem = format === 'erofs' ? MKFS_EROFS : MKSQUASHFS;
  return [filesystem, VERITYSETUP, SGDISK, ...(signer ? [OPENSSL] : [])];
}

async function makeFilesystem(
  runner: Runner,
  { format, kind, name, arch }: ExtensionSpec,
  { tree, output, epoch }: { readonly tree: string; readonly output: string; readonly epoch: number },
): Promise<void> {
  if (format === 'erofs') {
    await mkfsErofs(runner, tree, { output, epoch, uuid: uuidFromSeed(`${kind} ${name} ${arch}`) });
  } else await mksquashfs(runner, tree, { output, level: LEVEL, epoch });
  const { size } = await stat(output);
  await truncate(output, Math.ceil(size / VERITY_BLOCK) * VERITY_BLOCK);
}

/** Copies the filesystem to its offset in the disk image. @returns its SHA-256 in hex */
async function placeData(data: string, output: string): Promise<string> {
  const hash = createHash('sha256');
  const hashed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  const target = createWriteStream(output, { start: DATA_START });
  await pipeline(createReadStream(data, { highWaterMark: CHUNK }), hashed, target);
  return hash.digest('hex');
}

async function writeAt(file: string, bytes: Buffer, position: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.write(bytes, 0, bytes.length, position);
  } finally {
    await handle.close();
  }
}
