import { encodeFileName } from '../../../common/files/file-name.ts';
import { compareTrees, type FileChange } from './compare-trees.ts';
import type { Contents } from './contents.ts';
import { firstDifference } from './first-difference.ts';
import { readTree, type Tree } from './tree.ts';
import { type ContentsContext, ROOTFS, type UnpackedTree } from './unpacked-tree.ts';

/** The differences in one tree. */
export interface TreeDifference {
  readonly tree: string;
  readonly changes: readonly FileChange[];
}

/** Maximum number of files per tree for which the first differing byte is determined. */
const OFFSET_LIMIT = 1000;

/** The differences between the trees of two subjects. */
export interface ContentsDifference {
  /** Trees that both have and that differ. */
  readonly trees: readonly TreeDifference[];
  /** Total size of the files of each root filesystem in bytes; 0 unless both have one. */
  readonly sizes: readonly [a: number, b: number];
}

/** Compares the trees that two subjects have in common. @throws FactoryError `step` when one cannot be read */
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

/** Drops the properties that a partial tree lacks: see `isPartial`. */
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
  let compared = 0;
  for (const change of changes) {
    const isFile = change.before?.kind === 'file' && change.after?.kind === 'file';
    if (!isFile || !change.aspects.includes('content') || compared === OFFSET_LIMIT) {
      result.push(change);
      continue;
    }
    compared += 1;
    const found = await firstDifference(fileIn(a, change.path), fileIn(b, change.path), signal);
    result.push(found ? { ...change, offset: found.offset } : change);
  }
  return result;
}

/** The path of a file in an unpacked tree. The name need not be UTF-8. */
function fileIn(directory: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${directory}/`), encodeFileName(path)]);
}
