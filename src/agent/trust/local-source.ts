import { open } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import type { Source } from '../../common/oci/layers/source.ts';

/** What is often given as a filesystem image: where its mark is, and what to do. */
const OTHERS: readonly (readonly [offset: number, mark: string, name: string, remedy: string])[] = [
  [257, 'ustar', 'a tar archive', 'Use ocifile: for an archive of "docker save" or an OCI layout.'],
  [
    0,
    '\x1f\x8b',
    'compressed with gzip',
    'Decompress it first; use ocifile: for an archive of "docker save".',
  ],
  [0, '\x28\xb5\x2f\xfd', 'compressed with zstd', 'Decompress it first.'],
  [0, '\xfd7zXZ', 'compressed with xz', 'Decompress it first.'],
  [0, 'hsqs', 'a squashfs', 'Mount it, and use dir: with the mount point.'],
  [0x8001, 'CD001', 'an ISO', 'Boot the machine from it, or use oci: with the image that it was made from.'],
  [0, 'QFI\xfb', 'a qcow2 disk', 'Use oci: with the image that it was made from.'],
  [0, 'KDMV', 'a VMDK disk', 'Use oci: with the image that it was made from.'],
  [512, 'EFI PART', 'the image of a whole disk', 'Use oci: with the image that it was made from.'],
];
const LENGTH = 0x8001 + 5;

/**
 * Checks that a source on the node exists and is of its kind, before anything is written.
 * @throws FactoryError `usage` when it does not exist or is of another kind
 */
export async function requireLocalSource(
  host: Host,
  source: Exclude<Source, { kind: 'oci' }>,
): Promise<void> {
  const { kind, path } = source;
  const found = await host.stat(path);
  if (found === undefined) {
    throw new FactoryError('IMAGE_NOT_FOUND', `the source ${kind}:${path} does not exist`, {
      remedy: 'Check the path; it is absolute, and on this machine.',
    });
  }
  if (kind === 'dir' && found.kind !== 'directory') throw unsuitable(source, 'is not a directory');
  if (kind !== 'file') return;
  if (found.kind !== 'file' && found.kind !== 'block') throw unsuitable(source, 'is not a file');
  const start = await beginning(host.resolve(path));
  const other = OTHERS.find(([offset, mark]) => start.startsWith(mark, offset));
  if (other) throw unsuitable(source, `is ${other[2]}, not an ext filesystem`, other[3]);
  const { status } = await host.run('tune2fs', ['-l', path], { allowFailure: true });
  if (status !== 0) throw unsuitable(source, 'is not an ext filesystem');
}

function unsuitable(
  { kind, path }: Source & { readonly path: string },
  what: string,
  remedy?: string,
): FactoryError {
  return new FactoryError('SOURCE_UNSUITABLE', `the source ${kind}:${path} ${what}`, {
    remedy:
      remedy ??
      'Use oci:REGISTRY/NAME:TAG, ocifile: for an archive, dir: for a directory, or file: for a filesystem image.',
  });
}

async function beginning(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LENGTH), 0, LENGTH, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
