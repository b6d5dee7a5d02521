import type { ByteView } from './byte-view.ts';
import { isExt, openExt } from './ext.ts';
import { isFat, openFat } from './fat.ts';
import type { Filesystem } from './filesystem.ts';
import { isSquashfs, openSquashfs } from './squashfs.ts';

/** Bytes that tell the types of filesystems apart. */
const HEAD = 4096;
/** Filesystems that are recognised but not read, by position and text of their magic. */
const OTHERS: readonly (readonly [string, number, string])[] = [
  ['erofs', 1024, '\xe2\xe1\xf5\xe0'],
  ['crypto_LUKS', 0, 'LUKS\xba\xbe'],
  ['xfs', 0, 'XFSB'],
  ['DM_verity_hash', 0, 'verity\0\0'],
];

/** What is in a partition or file. */
export type FoundFilesystem =
  | { readonly readable: Filesystem }
  /** The type of a filesystem that is recognised, but cannot be read here. */
  | { readonly type: string }
  | undefined;

/**
 * Opens the filesystem at the start of a view, whichever it is.
 * @returns `undefined` when there is none that is known
 * @throws FactoryError `verification` when there is one and it is broken
 */
export async function openFilesystem(view: ByteView): Promise<FoundFilesystem> {
  const head = await view.read(0, Math.min(HEAD, view.size));
  if (head.length < 512) return undefined;
  if (isSquashfs(head)) return { readable: await openSquashfs(view) };
  if (isExt(head)) return { readable: await openExt(view) };
  if (isFat(head)) return { readable: await openFat(view) };
  const other = OTHERS.find(([, at, magic]) => head.toString('latin1', at, at + magic.length) === magic);
  return other === undefined ? undefined : { type: other[0] };
}
