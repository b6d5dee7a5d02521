import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { requiredDirectories } from '../../../common/contract/system-layout.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';

/** What a build has to know of a root before it lays anything into it. */
export interface RootTraits {
  /** Whether it has `/bin/sh`, without which no script of a build can run in it. */
  readonly shell: boolean;
  /** Whether it has the loader of the GNU C library, which the agent needs. */
  readonly glibc: boolean;
  readonly systemd: boolean;
  /** Whether it brings GRUB's modules or a signed GRUB of its own. */
  readonly bootLoader: boolean;
  /** Whether `/lib` is a directory of its own, and not a link to `/usr/lib`. */
  readonly ownLib: boolean;
  /** Directories of the layout that it does not have. */
  readonly lacks: readonly string[];
  /** The newest modification of a file in seconds since 1970. Directories do not count: engines touch them. */
  readonly newest: number;
}

/** Where programs for the GNU C library look for their loader, by Debian's name of the architecture. */
const LOADERS: Readonly<Record<string, string>> = {
  amd64: '/lib64/ld-linux-x86-64.so.2',
  arm64: '/lib/ld-linux-aarch64.so.1',
};

const SYSTEMD = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
const BOOT_LOADERS = ['/usr/lib/grub', '/usr/share/grub2', '/usr/share/efi', '/boot/efi/EFI'];

/** Directories that engines write to while they work with an image. */
const VOLATILE = /^(?:dev|proc|sys|run|tmp)\/|^etc\/(?:hostname|hosts|resolv\.conf)$/;

/** Looks at the tree at `root` for what it offers to a build. */
export async function readRootTraits(root: string, arch: string): Promise<RootTraits> {
  const hasOne = async (paths: readonly string[]) => {
    const found = await Promise.all(paths.map((path) => resolveInRoot(root, path)));
    return found.some((path) => path !== undefined);
  };
  return {
    shell: await hasOne(['/bin/sh']),
    glibc: await hasOne([LOADERS[arch] ?? []].flat()),
    systemd: await hasOne(SYSTEMD),
    bootLoader: await hasOne(BOOT_LOADERS),
    ownLib: await isDirectory(join(root, 'lib')),
    lacks: await missing(root, requiredDirectories([])),
    newest: newestFile(root),
  };
}

async function isDirectory(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

async function missing(root: string, paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => resolveInRoot(root, path)));
  return paths.filter((_, index) => found[index] === undefined);
}

function newestFile(root: string): number {
  let newest = 0n;
  for (const { path, stats } of walkTree(root)) {
    if (stats.isDirectory() || VOLATILE.test(path)) continue;
    if (stats.mtimeNs > newest) newest = stats.mtimeNs;
  }
  return Number(newest / 1_000_000_000n);
}
