import { createReadStream, lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';

/** One entry of a build context. */
export type ContextEntry = {
  /** Path relative to the context. */
  readonly path: string;
} & (
  | { readonly type: 'directory' }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'text'; readonly text: string; readonly mode: number }
  | { readonly type: 'file'; readonly source: string; readonly mode: number; readonly size: number }
);

/**
 * Lists a directory as context entries below `prefix`. Write permission of group and others is dropped: it comes from
 * the user's umask, not from a decision.
 * @param isLeftOut whether to skip a path of the directory, with everything below it
 * @throws FactoryError `usage` when the directory holds a socket, pipe or device node
 */
export function directoryEntries(
  root: string,
  prefix: string,
  isLeftOut?: (path: string) => boolean,
): ContextEntry[] {
  return [...walkTree(root, isLeftOut)].map(({ path, stats }): ContextEntry => {
    const place = path === '' ? prefix : `${prefix}/${path}`;
    if (stats.isDirectory()) return { type: 'directory', path: place };
    const source = join(root, path);
    if (stats.isSymbolicLink()) return { type: 'symlink', path: place, target: readlinkSync(source) };
    if (!stats.isFile()) {
      throw new FactoryError('SOURCE_UNSUITABLE', `${source} is not a file, directory or link`, {
        remedy: 'Remove it.',
      });
    }
    return {
      type: 'file',
      path: place,
      source,
      mode: Number(stats.mode & 0o7777n) & ~0o022,
      size: Number(stats.size),
    };
  });
}

/** Packs entries into a tar stream whose entries all belong to root. Parents must come before children. */
export function packContext(entries: readonly ContextEntry[]): Readable {
  const pack = tar.pack();
  const owner = { uid: 0, gid: 0, mtime: new Date() };
  const feed = async () => {
    for (const entry of entries) {
      const header = { ...owner, name: entry.path };
      if (entry.type === 'directory') pack.entry({ ...header, type: 'directory', mode: 0o755 });
      else if (entry.type === 'symlink') pack.entry({ ...header, type: 'symlink', linkname: entry.target });
      else if (entry.type === 'text') pack.entry({ ...header, mode: entry.mode }, entry.text);
      else {
        const { size } = lstatSync(entry.source);
        await pipeline(createReadStream(entry.source), pack.entry({ ...header, mode: entry.mode, size }));
      }
    }
    pack.finalize();
  };
  feed().catch((error: unknown) => pack.destroy(error as Error));
  return Readable.from(pack);
}
