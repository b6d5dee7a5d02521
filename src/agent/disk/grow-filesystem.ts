import { basename } from 'node:path';
import type { Host } from '../../common/host/host.ts';
import { mountTable } from '../deploy/mounts.ts';

/** Bytes. A filesystem at most this much smaller than its partition counts as grown: ext4 omits a smaller last block group. */
const SLACK = 8 * 1024 * 1024;
/** e2fsck repaired all errors (e2fsck(8), "EXIT CODE"). */
const REPAIRED = 1;

/**
 * Grows a filesystem to the size of its device, mounted or not. It leaves a full-size filesystem alone and logs a warning
 * for one that cannot grow.
 *
 * @throws FactoryError `step` when a program fails
 */
export async function growFilesystem(host: Host, device: string): Promise<void> {
  const { stdout } = await host.run('blkid', ['-p', '-o', 'value', '-s', 'TYPE', device], {
    allowFailure: true,
  });
  const type = stdout.trim();
  if (/^ext[234]$/.test(type)) await growExt(host, device);
  else if (type === 'xfs') await atMount(host, device, (path) => host.run('xfs_growfs', [path]));
  else if (type === 'btrfs') {
    await atMount(host, device, (path) => host.run('btrfs', ['filesystem', 'resize', 'max', path]));
  } else if (type === 'crypto_LUKS') await growEncrypted(host, device);
  else if (type !== '')
    host.log('warn', `${device}: a filesystem of type ${type} cannot grow; it keeps its size`);
}

async function growExt(host: Host, device: string): Promise<void> {
  if ((await mountPoint(host, device)) === undefined) {
    // resize2fs requires a full check of an unmounted filesystem, which is slow: only if there is space to gain.
    if (!(await isSmaller(host, device))) return;
    const check = await host.run('e2fsck', ['-f', '-p', device], { allowFailure: true });
    if (check.status > REPAIRED) host.log('warn', `${device}: ${check.stdout.trim() || check.stderr.trim()}`);
  }
  await host.run('resize2fs', [device]);
}

async function isSmaller(host: Host, device: string): Promise<boolean> {
  const { stdout } = await host.run('dumpe2fs', ['-h', device], { allowFailure: true });
  const blocks = Number(/^Block count:\s*(\d+)/m.exec(stdout)?.[1]);
  const size = Number(/^Block size:\s*(\d+)/m.exec(stdout)?.[1]);
  const total = Number((await host.run('blockdev', ['--getsize64', device], { allowFailure: true })).stdout);
  // When the size is unknown (NaN), resize2fs decides.
  return !(blocks * size + SLACK > total);
}

/** Grows the mapping of an encrypted partition, then its content. */
async function growEncrypted(host: Host, device: string): Promise<void> {
  const name = basename(device);
  for (const holder of await host.list(`/sys/class/block/${name}/holders`)) {
    const mapping = (await host.readText(`/sys/class/block/${holder}/dm/name`))?.trim();
    if (!mapping) continue;
    const { status, stderr } = await host.run('cryptsetup', ['resize', '--batch-mode', mapping], {
      allowFailure: true,
      timeout: 30_000,
    });
    if (status === 0) await growFilesystem(host, `/dev/mapper/${mapping}`);
    else host.log('warn', `${device}: the encrypted volume cannot grow: ${stderr.trim()}`);
  }
}

/** Calls `grow` with the mount point of a device, mounting it temporarily if needed: some filesystems grow only when mounted. */
async function atMount(host: Host, device: string, grow: (path: string) => Promise<unknown>): Promise<void> {
  const mounted = await mountPoint(host, device);
  if (mounted !== undefined) {
    await grow(mounted);
    return;
  }
  const path = await host.temporary('kairos-grow-');
  try {
    await host.run('mount', [device, path]);
    try {
      await grow(path);
    } finally {
      await host.run('umount', [path]);
    }
  } finally {
    await host.run('rmdir', [path], { allowFailure: true });
  }
}

async function mountPoint(host: Host, device: string): Promise<string | undefined> {
  const mounts = await mountTable(host);
  return mounts.find(({ source, options }) => source === device && options.includes('rw'))?.path;
}
