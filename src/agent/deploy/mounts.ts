import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** The directory below which the agent mounts partitions (docs/contract.md 1.1). */
export const MOUNT_ROOT = NODE_PATH.run;
/** A filesystem may stay busy for a moment after the last program that used it has exited. */
const UMOUNT_TRIES = 20;

/** A mounted filesystem; disposing of it unmounts it. */
export interface Mounted extends AsyncDisposable {
  readonly path: string;
}

interface Entry {
  readonly source: string;
  readonly path: string;
  readonly options: readonly string[];
}

/** The mounted filesystems, from /proc/self/mounts (proc_pid_mounts(5)). */
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

/** Where and how to mount a filesystem. */
export interface MountOptions {
  /** The mount point; created if missing. */
  readonly path: string;
  /** Options of mount(8). */
  readonly options?: readonly string[];
}

/** Mounts a device, file or directory. @throws FactoryError when mount(8) fails */
export async function mount(
  host: Host,
  source: string,
  { path, options = [] }: MountOptions,
): Promise<Mounted> {
  await host.makeDirectory(path);
  await host.run('mount', [...(options.length > 0 ? ['-o', options.join(',')] : []), source, path]);
  return { path, [Symbol.asyncDispose]: () => unmount(host, path) };
}

/**
 * Makes a partition writable. An existing mount is remounted and made read-only again on disposal, because the kernel has
 * one read-only state for all mounts of a filesystem.
 * @param name directory of a new mount below {@link MOUNT_ROOT}
 */
export async function mountWritable(host: Host, device: string, name: string): Promise<Mounted> {
  const existing = (await mountTable(host)).find(
    ({ source, path }) => source === device && path.startsWith('/'),
  );
  if (existing === undefined) {
    // Replays the journal after a power cut.
    await host.run('e2fsck', ['-p', device], { allowFailure: true });
    return mount(host, device, { path: `${MOUNT_ROOT}/${name}` });
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

/** Makes a partition readable. An existing mount is used as it is. */
export async function mountReadable(host: Host, device: string, name: string): Promise<Mounted> {
  const existing = (await mountTable(host)).find(
    ({ source, path }) => source === device && path.startsWith('/'),
  );
  if (existing) return { path: existing.path, [Symbol.asyncDispose]: async () => undefined };
  return mount(host, device, { path: `${MOUNT_ROOT}/${name}`, options: ['ro'] });
}

/**
 * Flushes a filesystem to its final place on the disk. A sync is not enough for files that GRUB has to find: ext4 may leave
 * a new directory entry in its journal, which GRUB does not read.
 */
export async function checkpoint(host: Host, path: string): Promise<void> {
  const { status } = await host.run('fsfreeze', ['--freeze', path], { allowFailure: true });
  if (status === 0) await host.run('fsfreeze', ['--unfreeze', path]);
  // Filesystems without freeze support, such as FAT on old kernels, have no journal.
  else await host.run('sync', ['-f', path]);
}

/** Unmounts a filesystem, retrying while it is busy. @throws FactoryError `step` when it stays busy */
export async function unmount(host: Host, path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { status, stderr } = await host.run('umount', [path], { allowFailure: true });
    if (status === 0) return;
    if (tries === UMOUNT_TRIES) {
      throw new FactoryError('UNMOUNT_FAILED', `${path} cannot be unmounted: ${stderr.trim()}`, {
        remedy: `Find the processes that use it: fuser -vm ${path}`,
      });
    }
    await host.sleep(200);
  }
}
