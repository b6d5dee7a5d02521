import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { requiredDirectories } from '../../../common/contract/system-layout.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';

/** Properties of a base root that decide how a build adds to it. */
export interface RootTraits {
  /** Whether it has `/bin/sh`, which every build script needs. */
  readonly shell: boolean;
  /** Whether it has the dynamic loader of the GNU C library, which the agent needs. */
  readonly glibc: boolean;
  readonly systemd: boolean;
  /** Whether it contains GRUB modules or a signed GRUB. */
  readonly bootLoader: boolean;
  /** Whether `/lib` is a directory rather than a link to `/usr/lib`. */
  readonly ownLib: boolean;
  /** Directories of the layout that are missing. */
  readonly lacks: readonly string[];
  /** Latest modification time of any file, as a Unix timestamp in seconds. Directories do not count: engines touch them. */
  readonly newest: number;
}

/** Path of the GNU C library's dynamic loader, by Debian architecture. */
const LOADERS: Readonly<Record<string, string>> = {
  amd64: '/lib64/ld-linux-x86-64.so.2',
  arm64: '/lib/ld-linux-aarch64.so.1',
};

const SYSTEMD = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
const BOOT_LOADERS = ['/usr/lib/grub', '/usr/share/grub2', '/usr/share/efi', '/boot/efi/EFI'];

/** Paths that engines write to while they work with an image. */
const VOLATILE = /^(?:dev|proc|sys|run|tmp)\/|^etc\/(?:hostname|hosts|resolv\.conf)$/;

/** Inspects the tree at `root`. @param arch Debian architecture, which decides the loader to look for */
export async function readRootTraits(root: string, arch: string): Promise<RootTraits> {
  const hasAny = async (paths: readonly string[]) => {
    const found = await Promise.all(paths.map((path) => resolveInRoot(root, path)));
    return found.some((path) => path !== undefined);
  };
  return {
    shell: await hasAny(['/bin/sh']),
    glibc: await hasAny([LOADERS[arch] ?? []].flat()),
    systemd: await hasAny(SYSTEMD),
    bootLoader: await hasAny(BOOT_LOADERS),
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
