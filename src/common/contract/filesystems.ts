const COMMON = ['sparse_super', 'large_file', 'filetype', 'resize_inode', 'dir_index', 'ext_attr'];

/**
 * Features of the ext filesystems that we create, listed in full, so that the machine's mke2fs.conf has no effect. Inodes
 * have no checksums, because the factory changes their times afterwards, and because of GRUB 2.06.
 */
export const EXT_FEATURES = {
  ext2: COMMON,
  ext4: [...COMMON, 'has_journal', 'extent', 'huge_file', 'flex_bg', '64bit', 'dir_nlink', 'extra_isize'],
} as const;

/**
 * Returns the `mke2fs` options for an ext filesystem.
 * @param options `growing` for a partition that is created small and grows with its disk: with group checksums, a growing
 * filesystem can leave new inode tables unwritten (200 GB: 65 MB written instead of 9.9 GB)
 */
export function extOptions(
  type: keyof typeof EXT_FEATURES,
  label: string,
  { growing = false }: { readonly growing?: boolean } = {},
): string[] {
  const features = [...EXT_FEATURES[type], ...(growing ? ['uninit_bg'] : [])];
  return [
    '-q',
    '-F',
    '-t',
    type,
    '-b',
    '4096',
    '-I',
    '256',
    '-O',
    ['none', ...features].join(','),
    '-L',
    label,
  ];
}
