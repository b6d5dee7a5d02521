import { lstat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type AbsentProgram, absentPrograms } from '../../../common/contract/host-programs.ts';
import { requiredDirectories } from '../../../common/contract/system-layout.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';

/** Properties of a base root that decide how a build adds to it. */
export interface RootTraits {
  /** Whether it has `/bin/sh`, which every build script needs. */
  readonly shell: boolean;
  /** The programs that it lacks and the agent calls. */
  readonly lacksPrograms: readonly AbsentProgram[];
  readonly systemd: boolean;
  readonly openrc: boolean;
  /** Whether it contains GRUB modules or a signed GRUB. */
  readonly bootLoader: boolean;
  /** Whether `/lib` is a directory rather than a link to `/usr/lib`. */
  readonly ownLib: boolean;
  /** Directories of the layout that are missing. */
  readonly lacks: readonly string[];
  /** Latest modification time of any file, as a Unix timestamp in seconds. Directories do not count: engines touch them. */
  readonly newest: number;
}

const SYSTEMD = ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'];
const OPENRC = ['/sbin/openrc', '/usr/sbin/openrc'];
const BOOT_LOADERS = ['/usr/lib/grub', '/usr/share/grub2', '/usr/share/efi', '/boot/efi/EFI'];

/** Paths that engines write to while they work with an image. */
const VOLATILE = /^(?:dev|proc|sys|run|tmp)\/|^etc\/(?:hostname|hosts|resolv\.conf)$/;

/** Inspects the tree at `root`. */
export async function readRootTraits(root: string): Promise<RootTraits> {
  const has = async (path: string) => (await resolveInRoot(root, path)) !== undefined;
  const inside = async (path: string) => {
    const found = await resolveInRoot(root, path);
    return found === undefined ? undefined : `/${relative(root, found)}`;
  };
  const hasAny = async (paths: readonly string[]) => (await Promise.all(paths.map(has))).includes(true);
  return {
    shell: await has('/bin/sh'),
    lacksPrograms: await absentPrograms(inside),
    systemd: await hasAny(SYSTEMD),
    openrc: await hasAny(OPENRC),
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
