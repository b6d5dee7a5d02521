import { lstat, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { unwritable } from '../../common/errors/unwritable.ts';
import { makeDirectory } from '../../common/files/sync-path.ts';
import type { ProjectFile } from './answers.ts';

/** A file that existed, and the lines of ours that it lacks. */
export interface KeptFile {
  readonly path: string;
  readonly missing: readonly string[];
}

/**
 * Writes the files of a project, and never over another one.
 * @returns the ignore files that existed; they are unchanged
 * @throws FactoryError `usage` when another file exists, before anything is written, or when the directory cannot be written to;
 *   `step` when the disk is full
 */
export async function writeProject(directory: string, files: readonly ProjectFile[]): Promise<KeptFile[]> {
  const existing: ProjectFile[] = [];
  for (const file of files) if (await exists(join(directory, file.path))) existing.push(file);
  const refused = existing.filter(({ mayExist }) => !mayExist).map(({ path }) => path);
  if (refused.length > 0) {
    throw new FactoryError('FILE_EXISTS', `${directory} already has ${refused.join(', ')}`, {
      remedy: 'Give another directory, or move them away: no file is overwritten.',
    });
  }
  for (const { path, text } of files.filter((file) => !existing.includes(file))) {
    const place = join(directory, path);
    try {
      await makeDirectory(dirname(place));
      await writeFile(place, text, { flag: 'wx' });
    } catch (error) {
      throw unwritable(error, `cannot write ${place}`, {
        remedy: 'Give a directory that you may write to.',
      });
    }
  }
  return Promise.all(existing.map((file) => kept(directory, file)));
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function kept(directory: string, { path, text }: ProjectFile): Promise<KeptFile> {
  const has = new Set((await readFile(join(directory, path), 'utf8').catch(() => '')).split('\n'));
  return { path, missing: text.split('\n').filter((line) => line !== '' && !has.has(line)) };
}
