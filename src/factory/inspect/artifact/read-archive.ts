import { createWriteStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { openImageFiles } from '../../../common/oci/layers/image-files.ts';
import { readTarball } from '../../inputs/base/read-tarball.ts';
import type { InspectContext } from './inspect-context.ts';
import { refuseDiskTar } from './unread-format.ts';

/** What a tar holds. */
export interface ArchiveFacts {
  readonly archive: 'image' | 'root';
  /** The tar, without a compression that layers cannot have. */
  readonly path: string;
}

/**
 * Finds out whether a tar holds an image or a root.
 * @param head its first bytes
 * @throws FactoryError `usage` when it holds a disk, `verification` or `step` when it is corrupt
 */
export async function archiveIn(
  path: string,
  head: Buffer,
  { runner, scratch }: Pick<InspectContext, 'runner' | 'scratch'>,
): Promise<ArchiveFacts> {
  refuseDiskTar(head, path);
  const directory = await mkdtemp(join(scratch, 'archive-'));
  let plain = path;
  if (head.toString('latin1', 0, 5) === '\xfd7zXZ') {
    plain = join(directory, 'plain.tar');
    await readTarball(runner, path, createWriteStream(plain, { mode: 0o600 }));
  }
  const files = await openImageFiles(plain, join(directory, 'unpacked.tar'));
  for (const name of ['index.json', 'manifest.json'])
    if ((await files.find(name)) !== undefined) return { archive: 'image', path: plain };
  return { archive: 'root', path: plain };
}
