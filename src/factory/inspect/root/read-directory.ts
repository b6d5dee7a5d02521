import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { hashFile } from '../../../common/files/digest.ts';
import { decodeFileName } from '../../../common/files/file-name.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';
import type { RootFile, RootSelection, RootView } from './root-view.ts';

/**
 * Reads a root in a directory, which serves as the view's own.
 * @throws FactoryError `usage` when a file disappears meanwhile; the error of the filesystem when something is not readable
 */
export async function readDirectoryRoot(
  path: string,
  { enters, hashes }: Pick<RootSelection, 'enters' | 'hashes'>,
): Promise<RootView> {
  const directory = resolve(path);
  const files: RootFile[] = [];
  const seen = new Set<string>();
  const digests = new Map<string, string>();
  const isLeftOut = (file: string) => file.includes('/') && !enters(file.slice(0, file.lastIndexOf('/')));
  for (const { path: file, place, stats } of walkTree(directory, isLeftOut)) {
    if (file === '') continue;
    const kind = kindOf(stats);
    const id = `${stats.dev}:${stats.ino}`;
    const isFirst = kind === 'file' && !seen.has(id);
    if (isFirst) seen.add(id);
    if (kind === 'file' && hashes?.(file)) digests.set(file, await hashFile(String(place)));
    files.push({
      path: file,
      kind,
      size: isFirst ? Number(stats.size) : 0,
      ...(kind === 'symlink' ? { target: decodeFileName(readlinkSync(place, 'buffer')) } : {}),
    });
  }
  return { files, directory, digests };
}

function kindOf(stats: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}): RootFile['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}
