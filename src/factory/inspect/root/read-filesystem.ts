import { createHash } from 'node:crypto';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteView, chunksOf, copyView } from '../../media/byte-view.ts';
import type { Filesystem } from '../../media/filesystem.ts';
import { walkFilesystem } from '../../media/walk-filesystem.ts';
import { placeFiles } from './place-files.ts';
import type { RootFile, RootSelection, RootView } from './root-view.ts';

/**
 * Reads a root in a filesystem.
 * @param scratch directory that the caller removes afterwards
 * @throws FactoryError `verification` when the filesystem is broken
 */
export async function readFilesystemRoot(
  filesystem: Filesystem,
  selection: RootSelection,
  scratch: string,
): Promise<RootView> {
  const work = await mkdtemp(join(scratch, 'root-'));
  const directory = join(work, 'tree');
  await mkdir(directory);
  const files: RootFile[] = [];
  const contents = new Map<string, string>();
  const digests = new Map<string, string>();
  const seen = new Set<number>();
  for await (const { path, node } of walkFilesystem(filesystem, selection.enters)) {
    const { kind, target } = node;
    const isFirst = kind !== 'file' || !seen.has(node.place);
    if (kind === 'file') seen.add(node.place);
    files.push({ path, kind, size: isFirst ? node.size : 0, ...(target === undefined ? {} : { target }) });
    if (kind !== 'file') continue;
    if (selection.hashes?.(path)) digests.set(path, await hashView(await filesystem.open(node)));
    if (!selection.keeps(path, node.size)) continue;
    const place = join(work, String(contents.size));
    await copyView(await filesystem.open(node), place);
    contents.set(path, place);
  }
  await placeFiles(directory, files, { contents, keeps: selection.keeps });
  return { files, directory, digests };
}

async function hashView(view: ByteView): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(view)) hash.update(chunk);
  return hash.digest('hex');
}
