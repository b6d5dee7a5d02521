import { readInitramfs } from '../audit/initramfs.ts';

/** What an initramfs is. */
export interface InitramfsFacts {
  /** The program or framework that made it; `unknown` when nothing in it says so, or it cannot be unpacked. */
  readonly kind: string;
  readonly compression: string;
  readonly size: number;
}

/** Files that only one kind has, the more specific kind first. */
const MARKS: readonly (readonly [kind: string, file: RegExp])[] = [
  ['kairos-factory', /^\/usr\/lib\/kairos\/(slot|pivot)\.sh$/],
  ['dracut with immucore', /^\/(usr\/)?s?bin\/immucore$|^\/usr\/lib\/dracut\/modules\.d\/\d+immucore/],
  ['dracut', /^\/(usr\/)?lib\/(dracut|dracut-lib)\b|^\/(usr\/)?lib\/initrd-release$/],
  ['initramfs-tools', /^\/scripts\/(functions|init-top)|^\/conf\/initramfs\.conf$/],
  ['mkinitcpio', /^\/(hooks\/|buildconfig$|init_functions$)/],
  ['mkinitfs', /^\/(usr\/)?s?bin\/nlplug-findfs$/],
];
/** Compressions by the first bytes of the last archive. */
const COMPRESSIONS: readonly (readonly [string, string])[] = [
  ['gzip', '\x1f\x8b'],
  ['zstd', '\x28\xb5\x2f\xfd'],
  ['xz', '\xfd7zXZ'],
  ['lz4', '\x02\x21\x4c\x18'],
  ['lzo', '\x89LZO'],
  ['bzip2', 'BZh'],
  ['none', '0707'],
];

/** Recognises an initramfs by the files in it. */
export async function describeInitramfs(image: Buffer): Promise<InitramfsFacts> {
  const { files } = await readInitramfs(image);
  const found = MARKS.find(([, file]) => files.some(({ path }) => file.test(path)));
  const head = image.toString('latin1', 0, 8);
  const compression = COMPRESSIONS.find(([, magic]) => head.startsWith(magic))?.[0] ?? 'unknown';
  return { kind: found?.[0] ?? 'unknown', compression, size: image.length };
}
