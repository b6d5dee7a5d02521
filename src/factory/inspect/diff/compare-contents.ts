import { encodeFileName } from '../../../common/files/file-name.ts';
import { compareTrees, type FileChange } from './compare-trees.ts';
import { type Contents, type ContentsContext, ROOTFS, type UnpackedTree } from './contents.ts';
import { firstDifference } from './first-difference.ts';
import { readTree, type Tree } from './tree.ts';

/** How a tree differs. */
export interface TreeDifference {
  readonly tree: string;
  readonly changes: readonly FileChange[];
}

/** Where the first differing byte of a file is looked for: of so many files in a tree. */
const LOOKED_INTO = 1000;

/** How the trees of two things differ. */
export interface ContentsDifference {
  /** Those that are in both, and not the same. */
  readonly trees: readonly TreeDifference[];
  /** Bytes of all files of the root filesystem; 0 when one of the two has none. */
  readonly sizes: readonly [a: number, b: number];
}

/** Compares the trees that two things have in common. @throws FactoryError `step` when one cannot be read */
export async function compareContents(
  a: Pick<Contents, 'trees'>,
  b: Pick<Contents, 'trees'>,
  context: Pick<ContentsContext, 'runner' | 'signal'>,
): Promise<ContentsDifference> {
  const trees: TreeDifference[] = [];
  let sizes: ContentsDifference['sizes'] = [0, 0];
  for (const [tree, one] of a.trees) {
    const other = b.trees.get(tree);
    if (other === undefined) continue;
    const isPartial = one.isPartial || other.isPartial;
    const read = async ({ directory }: UnpackedTree) => {
      const found = await readTree(context.runner, directory);
      return isPartial ? partial(found) : found;
    };
    const left = await read(one);
    const right = await read(other);
    if (tree === ROOTFS) sizes = [sizeOf(left), sizeOf(right)];
    const changes = await withOffsets(compareTrees(left, right), [one.directory, other.directory], context);
    if (changes.length > 0) trees.push({ tree, changes });
  }
  return { trees, sizes };
}

function sizeOf(tree: Tree): number {
  let size = 0;
  for (const file of tree.values()) if (file.linkOf === undefined) size += file.size;
  return size;
}

/** A tree without what one of the two sides cannot have: see `isPartial`. */
function partial(tree: Tree): Tree {
  const kept = [...tree].filter(([path]) => path !== 'lost+found');
  return new Map(
    kept.map(([path, { linkOf: _, ...file }]) => {
      const isTimeless = path === '.' || file.kind === 'symlink';
      return [path, { ...file, attributes: {}, ...(isTimeless ? { modified: '0' } : {}) }];
    }),
  );
}

async function withOffsets(
  changes: readonly FileChange[],
  [a, b]: readonly [before: string, after: string],
  { signal }: Pick<ContentsContext, 'signal'>,
): Promise<FileChange[]> {
  const result: FileChange[] = [];
  let looked = 0;
  for (const change of changes) {
    const isFile = change.before?.kind === 'file' && change.after?.kind === 'file';
    if (!isFile || !change.aspects.includes('content') || looked === LOOKED_INTO) {
      result.push(change);
      continue;
    }
    looked += 1;
    const found = await firstDifference(fileIn(a, change.path), fileIn(b, change.path), signal);
    result.push(found ? { ...change, offset: found.offset } : change);
  }
  return result;
}

/** A file of an unpacked tree; its name need not be UTF-8. */
function fileIn(directory: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), encodeFileName(path)]);
}
