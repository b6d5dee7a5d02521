import { z } from 'zod';
import { LABEL } from '../common/contract/labels.ts';
import { FactoryError } from '../common/errors/factory-error.ts';
import type { Host } from '../common/host/host.ts';
import { withContents } from './disk/content-of-devices.ts';

/** A disk that a system can be installed to. */
export interface Disk {
  /** `/dev/vda` */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Empty when unknown. */
  readonly model: string;
}

/** A device in the output of lsblk (lsblk(8), `--json`). */
const Device = z.looseObject({
  path: z.string(),
  size: z.coerce.number().default(0),
  type: z.string(),
  ro: z.union([z.boolean(), z.string().transform((text) => text === '1')]).default(false),
  model: z.string().nullish(),
  label: z.string().nullish(),
  get children() {
    return z.array(z.looseObject({ path: z.string().nullish(), label: z.string().nullish() })).optional();
  },
});
const Listing = z.looseObject({ blockdevices: z.array(Device) });

/** Lists the disks of the machine, largest first, without mappings, loop devices, read-only disks and the live medium. */
export async function listDisks(host: Host): Promise<Disk[]> {
  const { stdout } = await host.run('lsblk', ['--json', '--bytes', '-o', 'PATH,SIZE,TYPE,RO,MODEL,LABEL']);
  const { blockdevices } = Listing.parse(JSON.parse(stdout));
  const parts = blockdevices.flatMap((disk) =>
    [disk, ...(disk.children ?? [])].map((part) => ({ ...part, disk })),
  );
  const live = (await withContents(host, parts)).filter(({ label }) => label === LABEL.live);
  const media = live.map(({ disk }) => disk);
  return blockdevices
    .filter(({ type, ro, size }) => type === 'disk' && !ro && size > 0)
    .filter(({ path }) => !/^\/dev\/(zram|ram|nbd|fd)\d/.test(path))
    .filter((disk) => !media.includes(disk))
    .map(({ path, size, model }) => ({ path, size, model: model?.trim() ?? '' }))
    .sort((a, b) => b.size - a.size || a.path.localeCompare(b.path));
}

/**
 * Resolves `install.device` to a disk (docs/contract.md 4.4): `auto` is the largest disk, `/dev/disk/by-…` links are
 * followed, and `script://COMMAND` prints a device.
 * @throws FactoryError `usage` that lists the available disks
 */
export async function chooseDisk(host: Host, wanted: string): Promise<string> {
  const disks = await listDisks(host);
  if (wanted === '' || wanted === 'auto') {
    const [largest] = disks;
    if (largest) return largest.path;
    throw new FactoryError('DISK_NOT_FOUND', 'this machine has no disk to install to', {
      remedy: 'Check that the disk is connected and that the image contains its driver.',
    });
  }
  const device = await deviceOfScript(host, wanted);
  const { stdout, status } = await host.run('readlink', ['-f', device], { allowFailure: true });
  const path = status === 0 ? stdout.trim() : device;
  if (disks.some((disk) => disk.path === path)) return path;
  throw new FactoryError('DISK_NOT_FOUND', `${wanted} is not a disk that can be installed to`, {
    details: disks.map(describeDisk),
    remedy: disks.length > 0 ? 'Use one of these disks, or auto.' : 'This machine has no disk to install to.',
  });
}

/** Describes a disk in one line: `/dev/vda  16.0 GiB  MODEL`. */
export function describeDisk({ path, size, model }: Disk): string {
  return `${path}  ${(size / 1024 ** 3).toFixed(1)} GiB  ${model}`.trim();
}

/**
 * Runs a device of the form `script://COMMAND`, such as `script:///oem/pick.sh small`, and returns the device that it prints; the
 * shell splits the command into words. Any other device is returned unchanged.
 * @throws FactoryError `usage` when the command prints something else, `step` when it fails
 */
export async function deviceOfScript(host: Host, wanted: string): Promise<string> {
  if (!wanted.startsWith('script://')) return wanted;
  const script = wanted.slice('script://'.length);
  const { stdout } = await host.run('sh', ['-c', script]);
  const device = stdout.trim().split('\n').at(-1) ?? '';
  if (device.startsWith('/dev/')) return device;
  throw new FactoryError('DISK_NOT_FOUND', `${script} printed "${device}", which is not a device`, {
    remedy: 'The script must print the path of a device as its last line.',
  });
}
