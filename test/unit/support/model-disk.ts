import { basename, dirname } from 'node:path';

/** One change to a filesystem, as a writer asked for it. */
export type Change =
  | { readonly kind: 'content'; readonly path: string; readonly content: string }
  | { readonly kind: 'directory' | 'link' | 'remove'; readonly path: string }
  | { readonly kind: 'rename' | 'hard link'; readonly from: string; readonly path: string }
  | { readonly kind: 'sync'; readonly path: string };

/** A file or directory that survives changes of its name. */
interface Node {
  /** What a reader sees. */
  content: string;
  /** What is on the disk. */
  synced: string | undefined;
  readonly entries: Map<string, Node> | undefined;
  onDisk: Map<string, Node>;
}

/** What a cut leaves of the changes that nobody synced. */
export type Loss = 'names and content' | 'content';

const node = (isDirectory: boolean): Node => ({
  content: '',
  synced: undefined,
  entries: isDirectory ? new Map() : undefined,
  onDisk: new Map(),
});

function keep(synced: Node | undefined): void {
  if (synced === undefined) throw new Error('nothing to sync');
  synced.synced = synced.content;
  if (synced.entries) synced.onDisk = new Map(synced.entries);
}

/**
 * A model of a filesystem below `root` that keeps only what was synced: the content of a file, and the names in a directory.
 * Filesystems keep more by chance, so a writer must be right for both extremes: all unsynced changes are lost, or only
 * unsynced content, while every name is there (ext4 and XFS with delayed allocation).
 */
export function modelDisk(root: string) {
  const top = node(true);
  const find = (path: string): Node | undefined => {
    if (path === root) return top;
    return find(dirname(path))?.entries?.get(basename(path));
  };
  const entriesOf = (path: string) => find(dirname(path))?.entries;

  const apply = (change: Change): void => {
    const { path } = change;
    if (path !== root && !path.startsWith(`${root}/`)) return;
    const there = find(path);
    switch (change.kind) {
      case 'content': {
        const file = there ?? node(false);
        file.content = change.content;
        entriesOf(path)?.set(basename(path), file);
        break;
      }
      case 'directory':
        if (there === undefined) entriesOf(path)?.set(basename(path), node(true));
        break;
      case 'link': {
        // A symbolic link has its content in its inode.
        const link = { ...node(false), content: 'link', synced: 'link' };
        entriesOf(path)?.set(basename(path), link);
        break;
      }
      case 'remove':
        entriesOf(path)?.delete(basename(path));
        break;
      case 'hard link':
      case 'rename': {
        const moved = find(change.from);
        if (moved === undefined) throw new Error(`nothing at ${change.from}`);
        if (change.kind === 'rename') entriesOf(change.from)?.delete(basename(change.from));
        entriesOf(path)?.set(basename(path), moved);
        break;
      }
      case 'sync':
        keep(there);
    }
  };

  /** The files after a cut, by their paths below the root; a lost content is empty. */
  const afterCut = (loss: Loss): Map<string, string> => {
    const files = new Map<string, string>();
    const read = (at: Node, path: string): void => {
      if (at.entries === undefined) files.set(path, at.synced ?? '');
      const entries = loss === 'content' ? at.entries : at.onDisk;
      for (const [name, child] of entries ?? []) read(child, path === '' ? name : `${path}/${name}`);
    };
    read(top, '');
    return files;
  };

  return { apply, afterCut };
}
