import { link, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from '../../../support/tool.ts';

/** The files of the tree: what a filesystem has to keep, in its forms. */
export const CONTENTS: Readonly<Record<string, Buffer>> = {
  'boot/vmlinuz': Buffer.from('kernel'),
  'etc/empty': Buffer.alloc(0),
  // Longer than what an inode of ext2 points to directly, and than a block of a squashfs.
  'usr/large': Buffer.alloc(3 * 1024 * 1024 + 17, 'no two blocks are the same: 0123456789abcdef'),
  'usr/small-end': Buffer.alloc(5000, 'x'),
};

/** Writes a tree with directories, a large file, links and a hole. */
export async function writeMediaTree(root: string): Promise<void> {
  for (const [path, content] of Object.entries(CONTENTS)) {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), content);
  }
  await mkdir(join(root, 'many'), { recursive: true });
  for (let index = 0; index < 200; index += 1)
    await writeFile(join(root, `many/a-file-with-a-long-name-${index}`), String(index));
  await writeFile(join(root, 'usr/sparse'), 'begin');
  await truncate(join(root, 'usr/sparse'), 2 * 1024 * 1024);
  await link(join(root, 'boot/vmlinuz'), join(root, 'usr/second-name'));
  await symlink('vmlinuz', join(root, 'boot/link'));
  await symlink(`/usr/${'../usr/'.repeat(20)}large`, join(root, 'etc/long-link'));
}

/** Makes each kind of filesystem from a tree with the real tools. @returns the files by kind */
export async function makeFilesystems(root: string, home: string): Promise<Record<string, string>> {
  const at = (name: string) => join(home, name);
  for (const type of ['ext2', 'ext4'])
    await tool('mke2fs', '-q', '-F', '-t', type, '-L', 'LABEL', '-d', root, at(type), '16M');
  for (const compression of ['gzip', 'zstd'])
    await tool('mksquashfs', root, at(compression), '-quiet', '-no-progress', '-comp', compression);
  await tool('xorriso', '-outdev', `stdio:${at('iso')}`, '-volid', 'LABEL', '-map', root, '/');
  await writeFile(at('vfat'), '');
  await truncate(at('vfat'), 16 * 1024 * 1024);
  await tool('mkfs.fat', '-F', '16', '-n', 'LABEL', at('vfat'));
  const copy =
    'cp -rL "$1/." "$2"; rm "$2/usr/second-name"; MTOOLS_SKIP_CHECK=1 mcopy -s -Q -i "$3" "$2"/* ::/';
  await tool('sh', '-c', copy, 'sh', root, at('plain'), at('vfat'));
  return Object.fromEntries(['ext2', 'ext4', 'gzip', 'zstd', 'iso', 'vfat'].map((kind) => [kind, at(kind)]));
}
