import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, open, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { uuidFromSeed } from '../../../common/contract/uuid.ts';
import { stampTree } from '../../../common/files/walk-tree.ts';
import type { Host } from '../../../common/host/host.ts';
import { parsePlatform } from '../../../common/oci/registry/platform.ts';
import { checkTool } from '../../tools/check-tool.ts';
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
import type { ExtensionArch } from './architectures.ts';
import { CONTENT, type ExtensionContent } from './content.ts';
import { DATA_START, extensionLayout, GRAIN, hashStart } from './disk-layout.ts';
import { checkTarget, type ExtensionTarget } from './extension-release.ts';
import { type ExtensionSource, type FilledTree, fillTree, isLayered } from './fill-tree.ts';
import { placeExtensionRelease } from './place-extension-release.ts';
import { checkSigner, isKeyExposed, type Signer, signRootHash } from './root-hash-signature.ts';
import { type Selection, selectContent } from './select-content.ts';

/** Filesystems that an extension can have. */
export const EXTENSION_FORMATS = ['squashfs', 'erofs'] as const;
export type ExtensionFormat = (typeof EXTENSION_FORMATS)[number];

/** What an extension is made of. Paths are absolute. */
export interface ExtensionSpec {
  readonly kind: ExtensionContent['kind']['name'];
  readonly name: string;
  readonly source: ExtensionSource;
  /** The image whose layers are not part of it; only the last layer is, when absent. */
  readonly above: ExtensionSource | undefined;
  readonly arch: ExtensionArch;
  readonly format: ExtensionFormat;
  readonly target: ExtensionTarget;
  readonly signer: Signer | undefined;
  /** `SOURCE_DATE_EPOCH`, if the person set it: no file is younger. */
  readonly epoch: number | undefined;
}

/** What making an extension may use. */
export interface ExtensionContext {
  readonly runner: Runner;
  readonly host: Host;
  readonly signal: AbortSignal;
  /** An empty directory that is gone afterwards. */
  readonly scratch: string;
  readonly notice: (text: string) => void;
}

/** What was made. */
export interface MadeExtension {
  /** In hex; what the whole content can be checked against. */
  readonly rootHash: string;
  readonly certificateFingerprint: string | undefined;
  readonly files: number;
  /** Seconds since 1970 that it is stamped with. */
  readonly epoch: number;
}

/** zstd level of the squashfs: made once, and read by many (docs/decisions/0009-one-root-packed-with-zstd.md). */
const LEVEL = 9;
/** Bytes that are copied at once. */
const CHUNK = 1024 * 1024;
/** Paths that a notice lists. */
const SHOWN = 5;

/** The file name by which systemd and the agent know an extension. */
export function extensionFile({ kind, name }: Pick<ExtensionSpec, 'kind' | 'name'>): string {
  return `${name}.${kind}.raw`;
}

/**
 * Makes an extension as a disk image with dm-verity (Discoverable Disk Image), in place in `output`, without loop devices
 * and mounts. The same content gives the same bytes.
 * @param output the unfinished file
 * @throws FactoryError `tool`, `usage`, `verification` or `step`; the file is worth nothing then
 */
export async function makeExtension(
  spec: ExtensionSpec,
  output: string,
  context: ExtensionContext,
): Promise<MadeExtension> {
  const { runner, scratch } = context;
  for (const tool of toolsFor(spec)) await checkTool(runner, tool);
  checkTarget(spec.target);
  const certificate = spec.signer && (await checkSigner(spec.signer));
  if (spec.signer && (await isKeyExposed(spec.signer))) {
    context.notice(`${spec.signer.key} can be read by others than its owner`);
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
  // A salt keeps tables from being made in advance, which a hash of the content does as well as chance.
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

/** Unpacks the content, takes out what does not belong, and gives it its release file and its times. */
async function stageTree(
  { kind, name, source, above, arch, target, epoch: latest }: ExtensionSpec,
  tree: string,
  { runner, host, signal, scratch, notice }: ExtensionContext,
): Promise<{ files: number; epoch: number }> {
  const content = CONTENT[kind];
  const platform = parsePlatform(arch);
  const { removed } = await fillTree(tree, { source, above }, { runner, host, signal, scratch, platform });
  const selection = selectContent(tree, content, { isLayer: isLayered(source) });
  reportLeftOut(content, { leftOut: selection.leftOut, removed }, notice);
  placeExtensionRelease(tree, { name, content, arch, target });
  const epoch = Math.min(latest ?? Number.POSITIVE_INFINITY, selection.newest);
  const limit = BigInt(epoch) * 1_000_000_000n;
  await chmod(tree, 0o755);
  stampTree(tree, epoch, ({ path, stats }) => path === '' || stats.mtimeNs > limit);
  return { files: selection.files, epoch };
}

function reportLeftOut(
  { hierarchies, kind }: ExtensionContent,
  { leftOut, removed }: Pick<Selection, 'leftOut'> & FilledTree,
  notice: (text: string) => void,
): void {
  if (leftOut.size > 0) {
    const counts = [...leftOut].map(([path, count]) => `${path} (${count})`);
    notice(`a ${kind.name} cannot hold these files, which are left out: ${counts.join(', ')}`);
  }
  const hidden = removed.filter((path) => hierarchies.includes(path.split('/', 1)[0] ?? ''));
  if (hidden.length === 0) return;
  const shown = hidden.slice(0, SHOWN).map((path) => `/${path}`);
  const more = hidden.length > SHOWN ? ` and ${hidden.length - SHOWN} more` : '';
  notice(`the layer removes ${shown.join(', ')}${more}, which an extension cannot: on a node they stay`);
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

/** Copies the filesystem to its place in the disk. @returns its sha256 in hex */
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
