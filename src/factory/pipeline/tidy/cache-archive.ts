import { createWriteStream, existsSync } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { settleAll } from '../../../common/errors/settle.ts';
import { unwritable } from '../../../common/errors/unwritable.ts';
import { putInPlace } from '../../../common/files/output-file.ts';
import { compressZstd } from '../../tools/compressors.ts';
import { packMembers, unpackRoot } from '../../tools/tar.ts';
import type { Session } from '../session.ts';
import type { CachePlaces } from '../workspace.ts';
import { lockCache } from './lock-cache.ts';

/** An archive of the cache. */
export interface CacheArchive {
  readonly file: string;
  /** Size of the archive; 0 if there is none. */
  readonly bytes: number;
  /** Names of the directories of the cache that were saved, or restored. */
  readonly parts: readonly string[];
}

/**
 * Writes the cache into one file, for another machine or a later job: results, images, registry content, records of steps. The store
 * has files of many owners, which a service that keeps files for jobs could neither read nor write.
 * @throws FactoryError `usage` while another command uses the cache
 */
export async function saveCache(
  { workspace, runner }: Pick<Session, 'workspace' | 'runner'>,
  file: string,
): Promise<CacheArchive> {
  await using _ = await lockCache(workspace);
  const final = resolve(file);
  const partial = join(dirname(final), `.${basename(final)}.partial`);
  const parts = savedParts(workspace).filter((part) => existsSync(join(workspace.root, part)));
  const refuse = (error: unknown) => {
    throw unwritable(error, `cannot write ${file}`, {
      remedy: 'Name a file in a directory that you may write to.',
    });
  };
  await mkdir(dirname(final), { recursive: true })
    .then(() => writeFile(partial, ''))
    .catch(refuse);
  try {
    const stream = new PassThrough();
    await settleAll([
      packMembers(runner, workspace.root, {
        members: parts,
        // The state of mounts, which end with a command.
        leftOut: [join(relative(workspace.root, workspace.store), 'run')],
        output: stream,
      }),
      compressZstd(runner, stream, createWriteStream(partial)),
    ]);
    await putInPlace(partial, final);
  } finally {
    await rm(partial, { force: true });
  }
  return { file: final, bytes: (await stat(final)).size, parts };
}

/**
 * Fills a cache from such a file. What the cache has already stays, and the same part of the file is left out.
 * @throws FactoryError `usage` when the file does not exist, or while another command uses the cache
 */
export async function restoreCache(
  { workspace, runner }: Pick<Session, 'workspace' | 'runner'>,
  file: string,
): Promise<CacheArchive> {
  await using _ = await lockCache(workspace);
  const { size } = await stat(file).catch(() => {
    throw new FactoryError('FILE_NOT_FOUND', `there is no file ${file}`, {
      remedy:
        'Name a file that "kairos-factory cache save" wrote; --if-exists starts with an empty cache instead.',
    });
  });
  const unpacked = join(workspace.work, 'restored');
  await mkdir(unpacked);
  await unpackRoot(runner, file, unpacked);
  const parts: string[] = [];
  for (const part of savedParts(workspace)) {
    const place = join(workspace.root, part);
    // A link would lead the cache to where the archive wants it.
    const isDirectory = (await lstat(join(unpacked, part)).catch(() => undefined))?.isDirectory() === true;
    if (!isDirectory || !(await isEmpty(place))) continue;
    await rm(place, { recursive: true, force: true });
    await rename(join(unpacked, part), place);
    parts.push(part);
  }
  return { file: resolve(file), bytes: size, parts };
}

/** Names of the parts below the cache directory that are saved. */
function savedParts({ root, cache, store, registry, history }: CachePlaces): string[] {
  return [cache, store, registry, history].map((path) => relative(root, path));
}

/** Whether a directory has no files: a command makes some of the directories when it starts. */
async function isEmpty(path: string): Promise<boolean> {
  const below = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  return below.every((entry) => entry.isDirectory());
}
