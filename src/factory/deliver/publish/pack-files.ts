import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { settleAll } from '../../../common/errors/settle.ts';
import { Meter } from '../../../common/files/meter.ts';
import { type BlobContent, fileBlob } from '../../../common/oci/registry/blob-content.ts';
import type { FileKinds } from '../../config/push.ts';
import { BUNDLE_ENDING, bundleName, isBundleName } from '../../signing/output-files.ts';
import { compressZstd } from '../../tools/compressors.ts';
import type { Runner } from '../../tools/runner.ts';
import type { OutputFile } from './build-output.ts';
import { expectOwn } from './expect-own.ts';
import { fileType, SIGNATURE_TYPE } from './file-types.ts';
import type { ArtifactLayer } from './oci-artifact.ts';

/** A file and its signature, ready for the push. */
export interface PackedFile {
  /** File name in the output directory. */
  readonly file: string;
  readonly type: string;
  /** The file, then its signature if there is one. */
  readonly layers: readonly (ArtifactLayer & { readonly content: BlobContent })[];
}

/** Selects the files to push: files of the chosen kinds, and all files without a kind, such as checksums. */
export function chooseFiles(files: readonly OutputFile[], choice: FileKinds): OutputFile[] {
  if (choice !== 'all' && choice.length === 0) return [];
  const isWanted = (name: string) => {
    const { kind, neededBy } = fileType(isBundleName(name) ? name.slice(0, -BUNDLE_ENDING.length) : name);
    return (
      kind === undefined || choice === 'all' || choice.some((wanted) => [kind, neededBy].includes(wanted))
    );
  };
  return files.filter(({ name }) => isWanted(name));
}

/** Options of {@link packFiles}. */
export interface PackOptions {
  readonly runner: Runner;
  /** Directory for short-lived files. */
  readonly work: string;
  readonly say: (text: string) => void;
}

/**
 * Prepares files for the push. Compresses sparse files into the directory `work`.
 * @throws FactoryError `verification` when a file to compress does not match its digest
 */
export async function packFiles(
  files: readonly OutputFile[],
  { runner, work, say }: PackOptions,
): Promise<PackedFile[]> {
  const packed: PackedFile[] = [];
  for (const file of files) {
    if (isBundleName(file.name)) continue;
    const { mediaType, isSparse } = fileType(file.name);
    const signature = files.find(({ name }) => name === bundleName(file.name));
    if (isSparse) say(`compressing ${file.name}`);
    const layer = isSparse
      ? await compressed(file, `${mediaType}+zstd`, { runner, work })
      : plain(file, mediaType);
    packed.push({
      file: file.name,
      type: mediaType,
      layers: [layer, ...(signature ? [plain(signature, SIGNATURE_TYPE)] : [])],
    });
  }
  return packed;
}

function plain({ name, path, digest, size }: OutputFile, mediaType: string) {
  return { title: name, mediaType, digest, size, content: fileBlob(path, { name, digest, size }) };
}

async function compressed(
  file: OutputFile,
  mediaType: string,
  { runner, work }: Pick<PackOptions, 'runner' | 'work'>,
) {
  const title = `${file.name}.zst`;
  const path = join(work, title);
  const before = new Meter();
  const after = new Meter();
  const source = new PassThrough();
  const sink = new PassThrough();
  await settleAll([
    pipeline(createReadStream(file.path, { highWaterMark: 1024 * 1024 }), before, source),
    compressZstd(runner, source, sink),
    pipeline(sink, after, createWriteStream(path, { mode: 0o600 })),
  ]);
  expectOwn(file.name, file.digest, before.digest());
  const digest = after.digest();
  return {
    title,
    mediaType,
    digest,
    size: after.size,
    content: fileBlob(path, { name: title, digest, size: after.size }),
  };
}
