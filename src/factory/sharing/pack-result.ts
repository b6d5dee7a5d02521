import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { settleAll } from '../../common/errors/settle.ts';
import { writeLayoutIndex } from '../../common/oci/layers/image-layout.ts';
import type { ContainerEngine } from '../engine/container-engine.ts';
import { type LayerCompression, writeOciLayout } from '../inputs/base/oci-layout.ts';
import { compressZstd } from '../tools/compressors.ts';
import type { Runner } from '../tools/runner.ts';
import { packDirectory } from '../tools/tar.ts';
import type { ResultRecord, SharedBlob } from './result-record.ts';
import { fileContent } from './result-registry.ts';

/** Packed content of a result: what its record says of it, and the file of each blob, by digest. */
export interface Packed<T> {
  readonly described: T;
  readonly files: ReadonlyMap<string, string>;
}

/** The programs and places that packing needs. */
export interface PackContext {
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** An empty directory. */
  readonly scratch: string;
}

/** Packs the directory with the files of a result. */
export async function packFiles(
  { runner, signal, scratch }: PackContext,
  directory: string,
): Promise<Packed<SharedBlob>> {
  const file = join(scratch, 'content');
  const tar = new PassThrough();
  await settleAll([
    packDirectory(runner, directory, tar),
    compressZstd(runner, tar, createWriteStream(file, { mode: 0o600 })),
  ]);
  const content = await fileContent(file, signal);
  return { described: content, files: new Map([[content.digest, file]]) };
}

type SharedImage = NonNullable<ResultRecord['image']>;

/** Packs an image of the engine, as an OCI layout with one layer. */
export async function packImage(
  { runner, signal, scratch }: PackContext,
  {
    engine,
    image,
    arch,
  }: { readonly engine: Pick<ContainerEngine, 'open'>; readonly image: string; readonly arch: string },
): Promise<Packed<SharedImage>> {
  const layout = join(scratch, 'image');
  await mkdir(layout);
  await using open = await engine.open(image);
  const compression: LayerCompression = {
    format: 'zstd',
    compress: (input, output) => compressZstd(runner, input, output),
  };
  await writeOciLayout(layout, { arch, epoch: 0, tag: 'shared', compression }, (tar) =>
    packDirectory(runner, open.root, tar),
  );
  const place = join(layout, 'blobs/sha256');
  const paths = (await readdir(place)).sort().map((name) => join(place, name));
  const blobs = await Promise.all(paths.map((path) => fileContent(path, signal)));
  const index = await readFile(join(layout, 'index.json'), 'utf8');
  return {
    described: { arch, index, blobs },
    files: new Map(blobs.map(({ digest }, at) => [digest, paths[at] ?? ''])),
  };
}

/** Loads an image into the engine. @param layout a directory with the verified blobs, at `blobs/sha256/HEX` */
export async function loadImage(
  engine: Pick<ContainerEngine, 'load'>,
  {
    image,
    shared,
    layout,
  }: { readonly image: string; readonly shared: SharedImage; readonly layout: string },
): Promise<void> {
  await writeLayoutIndex(layout, shared.index);
  await engine.load({ kind: 'oci', path: layout, tag: undefined }, image, shared.arch);
}
