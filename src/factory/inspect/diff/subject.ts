import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { ARTIFACT_KINDS, type ArtifactKind } from '../../config/artifact-kinds.ts';
import { type BaseReference, parseBaseReference } from '../../config/base-reference.ts';
import { EVIDENCE, isBundleName } from '../../signing/output-files.ts';

/** One side of a comparison. */
export type Subject = { readonly name: string } & (
  | {
      readonly kind: 'image';
      readonly reference: Exclude<BaseReference, { kind: 'bootstrap' | 'dir' | 'tar' }>;
    }
  /** A root filesystem: a directory or its tar. */
  | { readonly kind: 'root'; readonly path: string; readonly isTar: boolean }
  | { readonly kind: FileKind; readonly path: string }
  /** The output directory of a build. */
  | { readonly kind: 'output'; readonly path: string; readonly entries: readonly OutputEntry[] }
);

/** Kinds of single files, by their magic numbers. */
type FileKind = 'squashfs' | 'iso' | 'raw' | 'qcow2' | 'vmdk' | 'file';

/** An artifact or another file in an output directory. */
export interface OutputEntry {
  /** Pairs it with an entry of the other directory: the kind of an artifact, otherwise the file name. */
  readonly id: string;
  readonly file: string;
}

/** Magic numbers, with their offsets. */
const MAGIC: readonly (readonly [FileKind, number, string])[] = [
  ['squashfs', 0, 'hsqs'],
  ['qcow2', 0, 'QFI\xfb'],
  ['vmdk', 0, 'KDMV'],
  // ECMA-119, 8.1: the first volume descriptor, in sector 16.
  ['iso', 32769, 'CD001'],
  // Also a fixed VHD, which is the raw disk with a footer.
  ['raw', 512, 'EFI PART'],
];

/**
 * Identifies what `text` refers to: an image by its reference; or an output directory, OCI layout, root or artifact by its
 * path.
 * @throws FactoryError `usage` when it is none of these
 */
export async function openSubject(text: string): Promise<Subject> {
  const stats = await stat(text).catch(() => undefined);
  if (stats?.isDirectory()) return directorySubject(text);
  if (stats?.isFile()) return fileSubject(text, resolve(text));
  const reference = parseBaseReference(text, process.cwd());
  switch (reference.kind) {
    case 'bootstrap':
      throw new FactoryError('SOURCE_UNSUITABLE', 'a bootstrap reference has no content to compare', {
        remedy: 'Use an image or an artifact.',
      });
    case 'dir':
    case 'tar':
      await stat(reference.path).catch((error: unknown) => {
        throw new FactoryError('FILE_NOT_FOUND', `${text} cannot be read: ${reasonOf(error)}`, {
          remedy: 'Check the path and its permissions.',
          cause: error,
        });
      });
      return { name: text, kind: 'root', path: reference.path, isTar: reference.kind === 'tar' };
    default:
      return { name: text, kind: 'image', reference };
  }
}

async function directorySubject(name: string): Promise<Subject> {
  const path = resolve(name);
  const names = (await readdir(path)).sort();
  if (names.includes('index.json') && names.includes('oci-layout')) {
    return { name, kind: 'image', reference: { kind: 'oci', path, tag: undefined } };
  }
  if (!names.includes('manifest.json') || !names.includes('SHA256SUMS')) {
    return { name, kind: 'root', path, isTar: false };
  }
  return { name, kind: 'output', path, entries: await outputEntries(path, names) };
}

/** All files of an output directory except signatures and consoles, which always differ, and hidden files, which are locks or unfinished. */
async function outputEntries(path: string, names: readonly string[]): Promise<OutputEntry[]> {
  const kinds = new Map<string, ArtifactKind>();
  const manifest: unknown = JSON.parse(await readFile(join(path, 'manifest.json'), 'utf8'));
  const { artifacts = [] } = manifest as { artifacts?: { kind?: string; file?: string }[] };
  for (const { kind, file } of artifacts) {
    const known = ARTIFACT_KINDS.find((candidate) => candidate === kind);
    // The manifest lists an OCI layout by the path of its index.
    if (known !== undefined && file !== undefined) kinds.set(file.split('/')[0] ?? '', known);
  }
  return names
    .filter((file) => !file.startsWith('.') && !isBundleName(file) && file !== EVIDENCE)
    .map((file) => ({ id: kinds.get(file) ?? file, file: join(path, file) }));
}

async function fileSubject(name: string, path: string): Promise<Subject> {
  await using handle = await open(path);
  for (const [kind, position, magic] of MAGIC) {
    const buffer = Buffer.alloc(magic.length);
    await handle.read(buffer, 0, buffer.length, position);
    if (buffer.toString('latin1') === magic) return { name, kind, path };
  }
  if (/\.(tar|tar\.gz|tgz|tar\.xz|txz|tar\.zst)$/.test(basename(path))) {
    return { name, kind: 'root', path, isTar: true };
  }
  return { name, kind: 'file', path };
}
