import { corruptArtifact } from './corrupt-artifact.ts';
import type { Filesystem, MediaNode } from './filesystem.ts';

/** A node with its path, without a leading slash. */
export interface FoundNode {
  readonly path: string;
  readonly node: MediaNode;
}

/** Most entries of a filesystem, and most directories in each other. */
const ENTRY_LIMIT = 4_000_000;
const DEPTH_LIMIT = 256;
const LINK_LIMIT = 40;

/**
 * Walks a filesystem, parents before children, sorted by name.
 * @param enters whether to read a directory; every one when absent
 * @throws FactoryError `verification` when it is broken, has too many entries, or a directory contains itself
 */
export async function* walkFilesystem(
  filesystem: Filesystem,
  enters: (path: string) => boolean = () => true,
): AsyncGenerator<FoundNode> {
  const pending: (FoundNode & { readonly depth: number })[] = [{ path: '', node: filesystem.root, depth: 0 }];
  const seen = new Set<number>();
  let count = 0;
  for (let found = pending.pop(); found !== undefined; found = pending.pop()) {
    const { path, node, depth } = found;
    if (path !== '') yield { path, node };
    if (node.kind !== 'directory' || !enters(path)) continue;
    if (seen.has(node.place) || depth > DEPTH_LIMIT)
      throw corruptArtifact(filesystem.type, `the directory ${path} contains itself`);
    seen.add(node.place);
    const children = [...(await filesystem.children(node))].sort((a, b) => (a.name < b.name ? 1 : -1));
    count += children.length;
    if (count > ENTRY_LIMIT) throw corruptArtifact(filesystem.type, `it has more than ${ENTRY_LIMIT} files`);
    for (const child of children)
      pending.push({
        path: path === '' ? child.name : `${path}/${child.name}`,
        node: child,
        depth: depth + 1,
      });
  }
}

/**
 * Finds a file by its path, following symbolic links inside the filesystem.
 * @returns `undefined` when there is none
 * @throws FactoryError `verification` when the filesystem is broken
 */
export async function findNode(filesystem: Filesystem, path: string): Promise<MediaNode | undefined> {
  let pending = partsOf(path);
  let above: MediaNode[] = [];
  let node = filesystem.root;
  for (let links = 0, part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === '..') {
      node = above.pop() ?? filesystem.root;
      continue;
    }
    if (node.kind !== 'directory') return undefined;
    const child = (await filesystem.children(node)).find(({ name }) => name === part);
    if (child === undefined) return undefined;
    if (child.kind !== 'symlink') {
      above.push(node);
      node = child;
      continue;
    }
    const { target = '' } = child;
    links += 1;
    if (links > LINK_LIMIT) return undefined;
    if (target.startsWith('/')) {
      above = [];
      node = filesystem.root;
    }
    pending = [...partsOf(target), ...pending];
  }
  return node;
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
