import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { encodeFileName } from '../../../common/files/file-name.ts';
import { comparePackages, type PackageChange } from '../../inputs/lock/package-changes.ts';
import { packageVersions } from '../../inputs/lock/packages.ts';
import { readPackages } from '../../packages/read-packages.ts';
import { compareTrees, type FileChange } from './compare-trees.ts';
import { compareValues, type ValueChange } from './compare-values.ts';
import {
  type Contents,
  type ContentsContext,
  imageDigest,
  openContents,
  ROOTFS,
  type UnpackedTree,
} from './contents.ts';
import { firstDifference } from './first-difference.ts';
import { locate } from './locate.ts';
import { openSubject, type Subject } from './subject.ts';
import { readTree, type Tree } from './tree.ts';

/** How one thing differs from another of its kind. */
export interface Difference {
  readonly a: Side;
  readonly b: Side;
  readonly isSame: boolean;
  /** Of two files: the first byte that is not the same, and what it belongs to. */
  readonly firstByte?: { readonly offset: number; readonly place?: string };
  readonly packages: readonly PackageChange[];
  /** Of images: configuration; of other JSON files: values. */
  readonly config: readonly ValueChange[];
  /** Trees that differ, by what they are. */
  readonly trees: readonly TreeDifference[];
  /** Of output directories: what is in both, and not the same. */
  readonly artifacts: readonly Difference[];
  /** Of output directories: what only one of them has. */
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
}

/** One of the two things. */
export interface Side {
  readonly name: string;
  readonly kind: Subject['kind'];
  /** Bytes of a file; of an image or a root, those of all its files. */
  readonly size?: number;
  /** Of an image: that of its manifest. */
  readonly digest?: string;
}

/** How a tree differs. */
export interface TreeDifference {
  readonly tree: string;
  readonly changes: readonly FileChange[];
}

/** Where the first differing byte of a file is looked for: of so many files in a tree. */
const LOOKED_INTO = 1000;

/**
 * Compares two images or artifacts.
 * @throws FactoryError as `openSubject` and `openContents` do
 */
export async function compare(a: string, b: string, context: ContentsContext): Promise<Difference> {
  return compareSubjects(await openSubject(a), await openSubject(b), context);
}

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
async function compareSubjects(a: Subject, b: Subject, context: ContentsContext): Promise<Difference> {
  if (a.kind === 'output' && b.kind === 'output') return compareOutputs(a, b, context);
  const none: Omit<Difference, 'a' | 'b' | 'isSame'> = {
    packages: [],
    config: [],
    trees: [],
    artifacts: [],
    onlyInA: [],
    onlyInB: [],
  };
  const fileA = singleFile(a);
  const fileB = singleFile(b);
  if (a.kind === 'image' && b.kind === 'image') {
    const digest = await imageDigest(a.reference, context);
    const other = await imageDigest(b.reference, context);
    // A digest says all that there is to say, and unpacking takes its time.
    if (digest !== undefined && digest === other) {
      return {
        ...none,
        a: { ...(await sideOf(a)), digest },
        b: { ...(await sideOf(b)), digest },
        isSame: true,
      };
    }
  }
  const byte =
    fileA !== undefined && fileB !== undefined && a.kind === b.kind
      ? await firstDifference(fileA, fileB, context.signal)
      : null;
  if (byte === undefined) return { ...none, a: await sideOf(a), b: await sideOf(b), isSame: true };
  const place = byte === null ? undefined : await locate(context.runner, a, byte.offset);
  const inA = await openContents(whole(a), context);
  const inB = await openContents(whole(b), context);
  const trees: TreeDifference[] = [];
  const sizes: [number, number] = [0, 0];
  for (const [tree, one] of inA.trees) {
    const other = inB.trees.get(tree);
    if (other === undefined) continue;
    const isPartial = one.isPartial || other.isPartial;
    const read = async ({ directory }: UnpackedTree) => {
      const found = await readTree(context.runner, directory);
      return isPartial ? partial(found) : found;
    };
    const left = await read(one);
    const right = await read(other);
    if (tree === ROOTFS) sizes.splice(0, 2, sizeOf(left), sizeOf(right));
    const changes = compareTrees(left, right);
    if (changes.length > 0)
      trees.push({ tree, changes: await withOffsets(changes, [one.directory, other.directory], context) });
  }
  const areImages = a.kind === 'image' && b.kind === 'image';
  const config = areImages ? compareValues(inA.config, inB.config) : await jsonDifference(fileA, fileB);
  const isSame =
    byte === null && trees.length === 0 && config.length === 0 && (!areImages || inA.digest === inB.digest);
  return {
    ...none,
    a: { ...described(inA, sizes[0]), ...(await sideOf(a)) },
    b: { ...described(inB, sizes[1]), ...(await sideOf(b)) },
    isSame,
    ...(byte === null
      ? {}
      : { firstByte: { offset: byte.offset, ...(place === undefined ? {} : { place }) } }),
    packages: await packageDifference(inA, inB),
    config,
    trees,
  };
}

async function compareOutputs(
  a: Extract<Subject, { kind: 'output' }>,
  b: Extract<Subject, { kind: 'output' }>,
  context: ContentsContext,
): Promise<Difference> {
  const artifacts: Difference[] = [];
  const others = new Map(b.entries.map(({ id, file }) => [id, file]));
  for (const { id, file } of a.entries) {
    const other = others.get(id);
    if (other === undefined) continue;
    const difference = await compare(file, other, context);
    if (!difference.isSame) artifacts.push(difference);
  }
  const missing = (from: typeof a, in_: typeof a) =>
    from.entries
      .filter(({ id }) => !in_.entries.some((entry) => entry.id === id))
      .map(({ file }) => basename(file));
  const onlyInA = missing(a, b);
  const onlyInB = missing(b, a);
  return {
    a: { name: a.name, kind: a.kind },
    b: { name: b.name, kind: b.kind },
    isSame: artifacts.length + onlyInA.length + onlyInB.length === 0,
    packages: artifacts.find(({ packages }) => packages.length > 0)?.packages ?? [],
    config: [],
    trees: [],
    artifacts,
    onlyInA,
    onlyInB,
  };
}

/** Against something else than an output directory, its OS image stands for it. */
function whole(subject: Subject): Subject {
  if (subject.kind !== 'output') return subject;
  const order = ['oci', 'squashfs', 'iso', 'raw', 'qcow2'];
  const [best] = subject.entries
    .filter(({ id }) => order.includes(id))
    .sort((x, y) => order.indexOf(x.id) - order.indexOf(y.id));
  if (best === undefined) return subject;
  if (best.id !== 'oci') return { name: subject.name, kind: best.id as 'squashfs', path: best.file };
  return { name: subject.name, kind: 'image', reference: { kind: 'oci', path: best.file, tag: undefined } };
}

function singleFile(subject: Subject): string | undefined {
  return 'path' in subject && subject.kind !== 'output' && subject.kind !== 'root' ? subject.path : undefined;
}

async function sideOf(subject: Subject): Promise<Side> {
  const file = singleFile(subject);
  const size = file === undefined ? undefined : (await stat(file)).size;
  return { name: subject.name, kind: subject.kind, ...(size === undefined ? {} : { size }) };
}

function described({ digest }: Contents, size: number): Partial<Side> {
  return { ...(digest === undefined ? {} : { digest }), ...(size > 0 ? { size } : {}) };
}

function sizeOf(tree: Tree): number {
  let size = 0;
  for (const file of tree.values()) if (file.linkOf === undefined) size += file.size;
  return size;
}

async function packageDifference(a: Contents, b: Contents): Promise<PackageChange[]> {
  const rootA = a.trees.get(ROOTFS)?.directory;
  const rootB = b.trees.get(ROOTFS)?.directory;
  if (rootA === undefined || rootB === undefined) return [];
  const versions = async (root: string) => packageVersions(await readPackages(root));
  return comparePackages(await versions(rootA), await versions(rootB));
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
  { signal }: ContentsContext,
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

async function jsonDifference(a: string | undefined, b: string | undefined): Promise<ValueChange[]> {
  if (!a?.endsWith('.json') || !b?.endsWith('.json')) return [];
  const parse = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as unknown;
  return compareValues(await parse(a).catch(() => null), await parse(b).catch(() => null));
}
