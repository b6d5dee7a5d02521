import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** Where the agent mounts partitions while it works on them (docs/contract.md 1.1). */
export const MOUNT_ROOT = NODE_PATH.run;
/** A filesystem is busy for a moment after a program that used it has ended. */
const UMOUNT_TRIES = 20;

/** A filesystem that is mounted until this is disposed of. */
export interface Mounted extends AsyncDisposable {
  readonly path: string;
}

interface Entry {
  readonly source: string;
  readonly path: string;
  readonly options: readonly string[];
}

/** What is mounted, from /proc/self/mounts (proc_pid_mounts(5)). */
export async function mountTable(host: Host): Promise<Entry[]> {
  const text = (await host.readText('/proc/self/mounts')) ?? '';
  const plain = (word: string) =>
    word.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [source = '', path = '', , options = ''] = line.split(' ');
      return { source: plain(source), path: plain(path), options: options.split(',') };
    });
}

/** Mounts a device or file at a directory, which is made. */
export async function mount(
  host: Host,
  what: string,
  path: string,
  options: readonly string[] = [],
): Promise<Mounted> {
  await host.makeDirectory(path);
  await host.run('mount', [...(options.length > 0 ? ['-o', options.join(',')] : []), what, path]);
  return { path, [Symbol.asyncDispose]: () => unmount(host, path) };
}

/**
 * A partition for writing, wherever it is mounted already: then it is made writable there for as long as it is needed, since
 * the kernel has one state for all mounts of a filesystem.
 */
export async function mountWritable(host: Host, device: string, name: string): Promise<Mounted> {
  const existing = (await mountTable(host)).find(
    ({ source, path }) => source === device && path.startsWith('/'),
  );
  if (existing === undefined) {
    // The journal of a node that lost its power is replayed here.
    await host.run('e2fsck', ['-p', device], { allowFailure: true });
    return mount(host, device, `${MOUNT_ROOT}/${name}`);
  }
  if (existing.options.includes('rw'))
    return { path: existing.path, [Symbol.asyncDispose]: async () => undefined };
  await host.run('mount', ['-o', 'remount,rw', existing.path]);
  return {
    path: existing.path,
    [Symbol.asyncDispose]: async () => {
      const { status, stderr } = await host.run('mount', ['-o', 'remount,ro', existing.path], {
        allowFailure: true,
      });
      if (status !== 0)
        host.log('warn', `${existing.path} stays writable until the next boot: ${stderr.trim()}`);
    },
  };
}

/**
 * Brings all that was written to a filesystem to where it belongs on the disk. A sync is not enough for what GRUB is to
 * find: ext4 may leave a new directory entry in its journal, which GRUB does not read.
 */
export async function checkpoint(host: Host, path: string): Promise<void> {
  const { status } = await host.run('fsfreeze', ['--freeze', path], { allowFailure: true });
  if (status === 0) await host.run('fsfreeze', ['--unfreeze', path]);
  // Filesystems that know no freezing, as FAT on old kernels, have no journal either.
  else await host.run('sync', ['-f', path]);
}

/** Unmounts, with patience for those that are still at it. @throws FactoryError `step` when it stays busy */
export async function unmount(host: Host, path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { status, stderr } = await host.run('umount', [path], { allowFailure: true });
    if (status === 0) return;
    if (tries === UMOUNT_TRIES) {
      throw new FactoryError('UNMOUNT_FAILED', `${path} cannot be unmounted: ${stderr.trim()}`, {
        remedy: `See what uses it: fuser -vm ${path}`,
      });
    }
    await host.sleep(200);
  }
}
