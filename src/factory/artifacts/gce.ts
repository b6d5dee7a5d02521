import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { settleAll } from '../../common/errors/settle.ts';
import { Meter } from '../../common/files/meter.ts';
import { padding } from '../../common/tar/block.ts';
import { oldGnuSparseHeader } from '../../common/tar/old-gnu-header.ts';
import type { Region, SparseMap } from '../../common/tar/sparse-map.ts';
import { TAR_END } from '../../common/tar/write-member.ts';
import { compressPigz, PIGZ } from '../tools/compressors.ts';
import { QEMU_IMG } from '../tools/qemu-img.ts';
import type { Artifact, ArtifactContext, ArtifactInputs } from './artifact.ts';
import { diskContent } from './disk-content.ts';

const GIB = 1024 ** 3;

/**
 * The raw disk for Google Compute Engine: a tar of GNU's old format with the file `disk.raw`, whose size is a multiple of 1 GiB,
 * compressed with gzip (Google Cloud, "Manually import boot disks", requirements for the image file). Its name is that of upstream's.
 */
export const gce: Artifact = {
  kind: 'gce',
  extension: '.raw.gce.tar.gz',
  needs: ['artifact:raw'],
  tools: [QEMU_IMG, PIGZ],
  inputs: () => null,
  make,
};

async function make({ file, facts }: ArtifactInputs, context: ArtifactContext): Promise<void> {
  const raw = file('artifact:raw', 'artifact');
  const map = {
    realSize: Math.ceil((await stat(raw)).size / GIB) * GIB,
    regions: await regionsOf(raw, context),
  };
  const compressed = new PassThrough();
  const meter = new Meter();
  await settleAll([
    compressPigz(
      context.runner,
      Readable.from(archive(raw, { map, modified: facts.epoch }, context)),
      compressed,
    ),
    pipeline(compressed, meter, createWriteStream(context.output), { signal: context.signal }),
  ]);
  context.hashed(meter.digest().replace('sha256:', ''));
}

/** Where the disk is not zero. The archive has the list before the content, so the content is read here for the first time. */
async function regionsOf(raw: string, context: ArtifactContext): Promise<Region[]> {
  const regions: [offset: number, size: number][] = [];
  for await (const { offset, bytes } of diskContent(raw, context)) {
    const last = regions.at(-1);
    if (last !== undefined && last[0] + last[1] === offset) last[1] += bytes.length;
    else regions.push([offset, bytes.length]);
  }
  return regions;
}

async function* archive(
  raw: string,
  { map, modified }: { readonly map: SparseMap; readonly modified: number },
  context: ArtifactContext,
): AsyncGenerator<Buffer> {
  yield oldGnuSparseHeader({ name: 'disk.raw', modified, map });
  let stored = 0;
  for await (const { bytes } of diskContent(raw, context)) {
    yield bytes;
    stored += bytes.length;
  }
  yield Buffer.alloc(padding(stored));
  yield TAR_END;
}
