import { open, readdir, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type BaseReference, parseBaseReference } from '../../config/base-reference.ts';
import { MANIFEST, SUMS } from '../../signing/output-files.ts';

/** What a person named: a directory, a file, or an image by its reference. */
export type Named =
  | { readonly kind: 'release' | 'build-output' | 'root' | 'oci' | 'file'; readonly path: string }
  | {
      readonly kind: 'image';
      readonly reference: Exclude<BaseReference, { kind: 'bootstrap' | 'dir' | 'tar' }>;
    };

/** Files by which directories are recognised, the more specific first. */
const DIRECTORIES: readonly (readonly [
  kind: 'release' | 'build-output' | 'oci',
  files: readonly string[],
])[] = [
  ['oci', ['oci-layout', 'index.json']],
  ['release', ['release.json']],
  ['build-output', [MANIFEST, SUMS]],
];

/** Finds out what `text` names. @throws FactoryError `usage` when it is neither a path nor a reference */
export async function identify(text: string): Promise<Named> {
  if (text === '')
    throw new FactoryError('OPTION_INVALID', 'the name is empty', {
      remedy: 'Give a file, a directory or an image.',
    });
  const stats = await stat(text).catch(() => undefined);
  if (stats?.isDirectory()) return directory(resolve(text));
  if (stats?.isFile()) return { kind: 'file', path: resolve(text) };
  if (stats !== undefined) throw wrongType(text, 'a file or a directory');
  // A mistyped path must not become the name of an image at a public registry, nor be called a malformed one.
  if (PATH.test(text) || (await isBelowDirectory(text))) throw missing(text);
  const reference = parseBaseReference(text, process.cwd());
  switch (reference.kind) {
    case 'bootstrap':
      throw new FactoryError('SOURCE_UNSUITABLE', 'a bootstrap reference names no image that exists', {
        remedy: 'Give a file, a directory or an image.',
      });
    case 'dir': {
      const found = await stat(reference.path).catch(() => undefined);
      if (found === undefined) throw missing(reference.path);
      if (!found.isDirectory()) throw wrongType(reference.path, 'a directory');
      return { kind: 'root', path: reference.path };
    }
    case 'tar': {
      const found = await stat(reference.path).catch(() => undefined);
      if (found === undefined) throw missing(reference.path);
      if (!found.isFile()) throw wrongType(reference.path, 'a file');
      return { kind: 'file', path: reference.path };
    }
    default:
      return { kind: 'image', reference };
  }
}

/**
 * What looks like a path: one that starts like one, a single word, a pattern that the shell has found nothing for, or the name
 * of an artifact, which has no tag.
 */
const PATH = /^[./~]|^[^/:@]+$|[*?]|^[^:@]+\.(?:iso|raw|qcow2|squashfs|img|oci|vhd|vmdk|ova|json)$/;

/** Whether a text without tag and digest begins with a directory that is here, as `build/NAME` does. */
async function isBelowDirectory(text: string): Promise<boolean> {
  const [first = ''] = text.split('/');
  if (first === '' || /[:@]/.test(text)) return false;
  return (await stat(first).catch(() => undefined))?.isDirectory() ?? false;
}

function missing(text: string): FactoryError {
  const isName = !/^[./~]/.test(text);
  const image = ` An image of that name is docker://${text.replace(/[*?].*$/, 'NAME')}.`;
  return new FactoryError('FILE_NOT_FOUND', `there is no file or directory ${text}${isName ? ' here' : ''}`, {
    remedy: `Check the path.${isName ? image : ''}`,
  });
}

function wrongType(text: string, wanted: string): FactoryError {
  return new FactoryError('FILE_NOT_FOUND', `${text} is not ${wanted}`, { remedy: 'Check the path.' });
}

async function directory(path: string): Promise<Named> {
  const names = await readdir(path);
  const found = DIRECTORIES.find(([, files]) => files.every((file) => names.includes(file)));
  return { kind: found?.[0] ?? 'root', path };
}

/** The first bytes of a file. */
export async function headOf(path: string): Promise<Buffer> {
  await using handle = await open(path);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0);
  return buffer.subarray(0, bytesRead);
}

/** Whether a file is a tar, perhaps compressed, by its first bytes and its name. */
export function isTar(head: Buffer, path: string): boolean {
  if (head.toString('latin1', 257, 262) === 'ustar') return true;
  const isCompressed = ['\x1f\x8b', '\xfd7zXZ', '\x28\xb5\x2f\xfd'].some((magic) =>
    head.toString('latin1', 0, 6).startsWith(magic),
  );
  return isCompressed && /\.(tar\.\w+|tgz|txz)$/.test(basename(path));
}
