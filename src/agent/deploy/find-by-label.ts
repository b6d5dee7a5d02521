import { LABEL_PREFIX } from '../../common/contract/labels.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { diskOfDevice } from './block-device.ts';
import { mountTable } from './mounts.ts';

/**
 * The disk that the running system was started from: the initramfs mounted the partition of its image (docs/contract.md 2.5,
 * 2.9). On a live system it is the medium; `undefined` for a system that has no disk.
 */
export async function bootDisk(host: Host): Promise<string | undefined> {
  const mounts = await mountTable(host);
  const mounted = mounts.find(({ path }) => path === NODE_PATH.state || path === NODE_PATH.liveMedium);
  return mounted && diskOfDevice(host, mounted.source);
}

/**
 * Finds the filesystem with a label, waiting up to `seconds`. Another disk may have a system with the same labels: a system
 * label means the partition on the disk that the machine was started from, if there is one (docs/contract.md 2.9).
 * @returns its device, or `undefined`
 */
export async function findByLabel(host: Host, label: string, seconds = 0): Promise<string | undefined> {
  for (let left = seconds * 10; ; left -= 1) {
    const { status, stdout } = await host.run('blkid', ['-L', label], { allowFailure: true });
    const device = stdout.trim();
    if (status === 0 && device !== '') return onBootDisk(host, label, device);
    if (left <= 0) return undefined;
    await host.sleep(100);
  }
}

/** Finds the filesystem with a label. @throws FactoryError `usage` when it does not exist */
export async function needLabel(host: Host, label: string): Promise<string> {
  const device = await findByLabel(host, label);
  if (device !== undefined) return device;
  throw new FactoryError('PARTITION_NOT_FOUND', `no partition has the label ${label}`, {
    remedy: 'Run this on an installed Kairos node. On a live medium, install the system first.',
  });
}

/** All devices whose filesystem has a label, with the disk of each. */
export async function allWithLabel(
  host: Host,
  label: string,
): Promise<{ readonly device: string; readonly disk: string }[]> {
  const search = ['-c', '/dev/null', '-o', 'device', '-t', `LABEL=${label}`];
  const { stdout } = await host.run('blkid', search, { allowFailure: true });
  const devices = stdout.split('\n').filter(Boolean);
  return Promise.all(devices.map(async (device) => ({ device, disk: await diskOfDevice(host, device) })));
}

/** The device on the disk that was started, where the first one found is on another disk. */
async function onBootDisk(host: Host, label: string, found: string): Promise<string> {
  if (!label.startsWith(LABEL_PREFIX)) return found;
  const disk = await bootDisk(host);
  if (disk === undefined || (await diskOfDevice(host, found)) === disk) return found;
  const right = (await allWithLabel(host, label)).find((other) => other.disk === disk);
  return right?.device ?? found;
}
