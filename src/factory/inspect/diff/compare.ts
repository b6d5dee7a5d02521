import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { comparePackages, type PackageChange } from '../../inputs/lock/package-changes.ts';
import { packageVersions } from '../../inputs/lock/packages.ts';
import { readPackages } from '../../packages/read-packages.ts';
import { compareContents, type TreeDifference } from './compare-contents.ts';
import { compareValues, type ValueChange } from './compare-values.ts';
import { type Contents, type ContentsContext, imageDigest, openContents, ROOTFS } from './contents.ts';
import { firstDifference } from './first-difference.ts';
import { locate } from './locate.ts';
import { openSubject, type Subject } from './subject.ts';

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

/**
 * Compares two images or artifacts.
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
  if (a.kind === 'output' && b.kind === 'output') return compareOutputs(a, b, context);
  // A digest says all that there is to say, and unpacking takes its time.
  const digest = await sharedDigest(a, b, context);
  if (digest !== undefined) {
    return {
      ...NONE,
      a: { ...(await sideOf(a)), digest },
      b: { ...(await sideOf(b)), digest },
      isSame: true,
    };
  }
  const fileA = singleFile(a);
  const fileB = singleFile(b);
  const areFiles = fileA !== undefined && fileB !== undefined && a.kind === b.kind;
  const byte = areFiles ? await firstDifference(fileA, fileB, context.signal) : undefined;
  if (areFiles && byte === undefined) {
    return { ...NONE, a: await sideOf(a), b: await sideOf(b), isSame: true };
  }
  const place = byte && (await locate(context.runner, a, byte.offset));
  const inA = await openContents(whole(a), context);
  const inB = await openContents(whole(b), context);
  const { trees, sizes } = await compareContents(inA, inB, context);
  const areImages = a.kind === 'image' && b.kind === 'image';
  const config = areImages ? compareValues(inA.config, inB.config) : await jsonDifference(fileA, fileB);
  const isSameImage = !areImages || inA.digest === inB.digest;
  return {
    ...NONE,
    a: { ...described(inA, sizes[0]), ...(await sideOf(a)) },
    b: { ...described(inB, sizes[1]), ...(await sideOf(b)) },
    isSame: byte === undefined && trees.length === 0 && config.length === 0 && isSameImage,
    ...(byte && { firstByte: { offset: byte.offset, ...(place !== undefined && { place }) } }),
    packages: await packageDifference(inA, inB),
    config,
    trees,
  };
}

/** The digest of two images, when it is the same and can be told without unpacking. */
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
