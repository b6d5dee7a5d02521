import { lstat, readFile, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cloneFile } from '../../../common/files/clone-file.ts';
import { hashFile } from '../../../common/files/digest.ts';
import { putInPlace, writeInPlace } from '../../../common/files/output-file.ts';
import { makeDirectory, syncDirectory } from '../../../common/files/sync-path.ts';
import type { OutputDirectory } from '../../pipeline/workspace.ts';
import type { SourceFile } from './collect-target.ts';

/** Writes to the folder of a release. Each file appears complete under its final name. */
export interface ReleaseFolder {
  /** Clones a file of a build into the folder, unless the folder has it. @returns whether anything changed */
  readonly place: (file: SourceFile) => Promise<boolean>;
  /** Writes a text, unless the file already has it. @returns whether anything changed */
  readonly write: (name: string, text: string) => Promise<boolean>;
  /** Removes a file and the directories that this leaves empty. */
  readonly remove: (name: string) => Promise<void>;
  /** Whether the folder has a file of a build with the same content. */
  readonly holds: (file: SourceFile) => Promise<boolean>;
  /** The text of a file; `undefined` when it cannot be read. */
  readonly read: (name: string) => Promise<string | undefined>;
}

/**
 * Opens a folder for the files of a release.
 * @param output the folder, locked by this process
 * @param epoch modification time of the written texts, as a Unix timestamp
 */
export function releaseFolder(output: OutputDirectory, epoch: number, signal: AbortSignal): ReleaseFolder {
  const path = (name: string) => join(output.path, name);
  const partial = (name: string) => output.partial(name.replaceAll('/', '-'));

  const holds: ReleaseFolder['holds'] = async ({ file, source, size, sha256 }) => {
    const there = await lstat(path(file)).catch(() => undefined);
    if (!there?.isFile() || there.size !== size) return false;
    const { dev, ino } = await stat(source);
    // A hard link to the build's file, whose checksum is known; the whole release is verified at the end.
    if (there.dev === dev && there.ino === ino) return true;
    return (await hashFile(path(file), signal)) === sha256;
  };
  const read: ReleaseFolder['read'] = (name) => readFile(path(name), 'utf8').catch(() => undefined);

  return {
    holds,
    read,
    place: async (file) => {
      if (await holds(file)) return false;
      signal.throwIfAborted();
      await makeDirectory(dirname(path(file.file)));
      const { mtime } = await stat(file.source);
      await cloneFile(file.source, partial(file.file), { mtime, signal });
      await putInPlace(partial(file.file), path(file.file));
      return true;
    },
    write: async (name, text) => {
      if ((await read(name)) === text) return false;
      signal.throwIfAborted();
      await writeInPlace(path(name), text, { partial: partial(name), epoch });
      return true;
    },
    remove: async (name) => {
      await rm(path(name), { force: true });
      await syncDirectory(dirname(path(name)));
      for (let above = dirname(name); above !== '.'; above = dirname(above)) {
        const isGone = await rmdir(path(above)).then(
          () => true,
          () => false,
        );
        if (!isGone) return;
      }
    },
  };
}
