import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from './tool.ts';

/** Shuts a filesystem down at once, without its journal: FS_IOC_SHUTDOWN with FSOP_GOING_FLAGS_NOLOGFLUSH of the kernel. */
const SHUTDOWN =
  'sysopen(F, $ARGV[0], 0) or die $!; my $how = pack("L", 2); ioctl(F, 0x8004587D, $how) or die $!';

/** Whether this machine lets tests mount filesystems of their own. */
export const CAN_CUT = process.getuid?.() === 0 && existsSync('/dev/loop-control');

/** An ext4 filesystem that can lose what was not synced, as in a power cut. */
export interface CutDisk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;
  /** Cuts the power and starts the filesystem again. */
  readonly cut: () => Promise<void>;
}

/** Makes such a filesystem in a directory. */
export async function makeCutDisk(directory: string, mebibytes: number): Promise<CutDisk> {
  const image = join(directory, 'disk.img');
  const path = join(directory, 'disk');
  await mkdir(path);
  await tool('truncate', '-s', `${mebibytes}M`, image);
  await tool('mkfs.ext4', '-q', '-F', image);
  const mount = () => tool('mount', '-o', 'loop', image, path);
  await mount();
  return {
    path,
    cut: async () => {
      await tool('perl', '-e', SHUTDOWN, path);
      await tool('umount', path);
      await mount();
    },
    [Symbol.asyncDispose]: async () => {
      await tool('umount', '--lazy', path);
    },
  };
}
