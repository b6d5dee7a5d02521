import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { comparePackages, type PackageChange } from '../../inputs/lock/package-changes.ts';
import { packageVersions } from '../../inputs/lock/packages.ts';
import { readPackages } from '../../packages/read-packages.ts';
import { compareContents, type TreeDifference } from './compare-contents.ts';
import { compareValues, type ValueChange } from './compare-values.ts';
import { type Contents, imageDigest, openContents } from './contents.ts';
import { firstDifference } from './first-difference.ts';
import { locate } from './locate.ts';
import { describeContents, type Side, sideOf, singleFile, systemOf } from './side.ts';
import { openSubject, type Subject } from './subject.ts';
import { type ContentsContext, ROOTFS } from './unpacked-tree.ts';

/** The differences between two subjects of a comparison. */
export interface Difference {
  readonly a: Side;
  readonly b: Side;
  readonly isSame: boolean;
  /** For two files: the offset of the first differing byte, and what it belongs to. */
  readonly firstByte?: { readonly offset: number; readonly place?: string };
  readonly packages: readonly PackageChange[];
  /** Differing values of the images' configurations or of two JSON files. */
  readonly config: readonly ValueChange[];
  /** Trees that differ. */
  readonly trees: readonly TreeDifference[];
  /** For output directories: entries that both have and that differ. */
  readonly artifacts: readonly Difference[];
  /** For output directories: names of the files that only one has. */
  readonly onlyInA: readonly string[];
  readonly onlyInB: readonly string[];
}

/**
 * Compares two images, artifacts, roots or output directories.
 * @param a a path or an image reference
 * @param b the same
 * @throws FactoryError as `openSubject` and `openContents` do
 */
export async function compare(a: string, b: string, context: ContentsContext): Promise<Difference> {
  return compareSubjects(await openSubject(a), await openSubject(b), context);
}

const NONE: Omit<Difference, 'a' | 'b' | 'isSame'> = {
  packages: [],
  config: [],
  trees: [],
  artifacts: [],
  onlyInA: [],
  onlyInB: [],
};

async function compareSubjects(a: Subject, b: Subject, context: ContentsContext): Promise<Difference> {
  const isOne = await areOne(a, b);
  if (a.kind === 'output' && b.kind === 'output' && !isOne) return compareOutputs(a, b, context);
  // Equal digests settle the question without the cost of unpacking.
  const digest = await sharedDigest(a, b, context);
  if (digest !== undefined) {
    return {
      ...NONE,
      a: { ...(await sideOf(a)), digest },
      b: { ...(await sideOf(b)), digest },
      isSame: true,
    };
  }
  // One file or folder, perhaps under two names: its content need not be read.
  if (isOne) return { ...NONE, a: await sideOf(a), b: await sideOf(b), isSame: true };
  const fileA = singleFile(a);
  const fileB = singleFile(b);
  const areFiles = fileA !== undefined && fileB !== undefined && a.kind === b.kind;
  const byte = areFiles ? await firstDifference(fileA, fileB, context.signal) : undefined;
  if (areFiles && byte === undefined) {
    return { ...NONE, a: await sideOf(a), b: await sideOf(b), isSame: true };
  }
  const place = byte && (await locate(context.runner, a, byte.offset));
  const inA = await openContents(systemOf(a), context);
  const inB = await openContents(systemOf(b), context);
  const { trees, sizes } = await compareContents(inA, inB, context);
  const areImages = a.kind === 'image' && b.kind === 'image';
  const config = areImages ? compareValues(inA.config, inB.config) : await jsonDifference(fileA, fileB);
  const isSameImage = !areImages || inA.digest === inB.digest;
  return {
    ...NONE,
    a: { ...describeContents(inA, sizes[0]), ...(await sideOf(a)) },
    b: { ...describeContents(inB, sizes[1]), ...(await sideOf(b)) },
    isSame: byte === undefined && trees.length === 0 && config.length === 0 && isSameImage,
    ...(byte && { firstByte: { offset: byte.offset, ...(place !== undefined && { place }) } }),
    packages: await packageDifference(inA, inB),
    config,
    trees,
  };
}

/** Whether two subjects are the same file or directory of this machine. */
async function areOne(a: Subject, b: Subject): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map(placeOf));
  return one !== undefined && one === other;
}

/** Identifies the file or directory of a subject, and for an image also its name in there. */
async function placeOf(subject: Subject): Promise<string | undefined> {
  const local = 'reference' in subject ? subject.reference : subject;
  if (!('path' in local)) return undefined;
  const stats = await stat(local.path).catch(() => undefined);
  if (stats === undefined) return undefined;
  return [subject.kind, stats.dev, stats.ino, 'tag' in local ? local.tag : undefined].join(' ');
}

/** The common digest of two images, if they have one and it is known without unpacking. */
async function sharedDigest(a: Subject, b: Subject, context: ContentsContext): Promise<string | undefined> {
  if (a.kind !== 'image' || b.kind !== 'image') return undefined;
  const digest = await imageDigest(a.reference, context);
  return digest === (await imageDigest(b.reference, context)) ? digest : undefined;
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

async function packageDifference(a: Contents, b: Contents): Promise<PackageChange[]> {
  const rootA = a.trees.get(ROOTFS)?.directory;
  const rootB = b.trees.get(ROOTFS)?.directory;
  if (rootA === undefined || rootB === undefined) return [];
  const versions = async (root: string) => packageVersions(await readPackages(root));
  return comparePackages(await versions(rootA), await versions(rootB));
}

async function jsonDifference(a: string | undefined, b: string | undefined): Promise<ValueChange[]> {
  if (!a?.endsWith('.json') || !b?.endsWith('.json')) return [];
  const parse = async (file: string) => JSON.parse(await readFile(file, 'utf8')) as unknown;
  return compareValues(await parse(a).catch(() => null), await parse(b).catch(() => null));
}
