const COMMON = ['sparse_super', 'large_file', 'filetype', 'resize_inode', 'dir_index', 'ext_attr'];

/**
 * Features of the ext filesystems that we make, said in full, so that a machine's mke2fs.conf makes no difference. No
 * checksums over inodes: the factory sets their times afterwards, and GRUB 2.06 reads the plain form.
 */
export const EXT_FEATURES = {
  ext2: COMMON,
  ext4: [...COMMON, 'has_journal', 'extent', 'huge_file', 'flex_bg', '64bit', 'dir_nlink', 'extra_isize'],
} as const;

/**
 * Options of `mke2fs` that every ext filesystem of ours is made with.
 * @param growing the partition is made small and grows with its disk: group checksums let a growing filesystem leave new
 *   inode tables unwritten (200 GB: 65 MB written instead of 9.9 GB)
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
