import { extOptions } from '../../common/contract/filesystems.ts';
import { interruptedBootCode } from '../../common/contract/interrupted-boot-code.ts';
import { LABEL } from '../../common/contract/labels.ts';
import type { DiskLayout, Partition } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { partitionPath, waitForDevice, writeAt } from './block-device.ts';
import { mountTable } from './mounts.ts';

/** Names of sfdisk for GPT attribute bits (sfdisk(8), "attrs"). */
const ATTRIBUTES: Readonly<Record<number, string>> = { 0: 'RequiredPartition', 2: 'LegacyBIOSBootable' };

/** The script by which sfdisk writes a layout (sfdisk(8), "Input formats"). */
export function sfdiskScript(layout: DiskLayout, sector: number): string {
  const lines = layout.partitions.map(({ start, size, type, guid, name, attributes }, index) => {
    const attrs = attributes.map((bit) => ATTRIBUTES[bit] ?? `GUID:${bit}`).join(' ');
    const fields = [`start=${start / sector}`, `size=${size / sector}`, `type=${type}`, `uuid=${guid}`];
    fields.push(`name="${name}"`, ...(attrs === '' ? [] : [`attrs="${attrs}"`]));
    return `${index + 1} : ${fields.join(', ')}`;
  });
  return [
    'label: gpt',
    `label-id: ${layout.guid}`,
    'unit: sectors',
    `sector-size: ${sector}`,
    '',
    ...lines,
    '',
  ].join('\n');
}

/**
 * Makes a disk free for a new table: volume groups and mappings on it are let go (docs/contract.md 1.1).
 * @throws FactoryError `usage` when something of it is in use
 */
export async function releaseDisk(host: Host, disk: string): Promise<void> {
  const name = disk.slice('/dev/'.length);
  const parts = (await host.list(`/sys/class/block/${name}`)).filter((entry) => entry.startsWith(name));
  const mounted = (await mountTable(host)).filter(({ source }) =>
    [disk, ...parts.map((part) => `/dev/${part}`)].includes(source),
  );
  if (mounted.length > 0) {
    throw new FactoryError('DISK_IN_USE', `${disk} is in use`, {
      details: mounted.map(({ source, path }) => `${source} is mounted at ${path}`),
      remedy: 'Choose another disk, or unmount these first.',
    });
  }
  if (await host.has('vgchange')) await host.run('vgchange', ['-an'], { allowFailure: true });
  for (const part of ['', ...parts]) {
    const directory = part === '' ? `/sys/class/block/${name}` : `/sys/class/block/${name}/${part}`;
    for (const holder of await host.list(`${directory}/holders`)) {
      const mapping = (await host.readText(`/sys/class/block/${holder}/dm/name`))?.trim();
      if (mapping && (await host.has('dmsetup')))
        await host.run('dmsetup', ['remove', mapping], { allowFailure: true });
      if ((await host.stat(`${directory}/holders/${holder}`)) !== undefined) {
        throw new FactoryError('DISK_IN_USE', `${disk} is in use by ${mapping ?? holder}`, {
          remedy: 'Stop that volume, or choose another disk.',
        });
      }
    }
  }
}

/**
 * Writes the partition table and waits for the partitions. From its first moment on, the disk says on BIOS that it holds no
 * system, until a boot loader takes that place.
 * @returns the device of each partition, by name
 */
export async function writeTable(
  host: Host,
  disk: string,
  layout: DiskLayout,
  sector: number,
): Promise<ReadonlyMap<string, string>> {
  await host.run('wipefs', ['--all', '--quiet', disk]);
  await writeAt(host, disk, 0, interruptedBootCode());
  // "--wipe always" would take the boot code with it.
  await host.run('sfdisk', ['--quiet', '--wipe', 'never', '--wipe-partitions', 'always', disk], {
    input: sfdiskScript(layout, sector),
  });
  await host.run('udevadm', ['settle', '--timeout=30'], { allowFailure: true });
  const devices = new Map(
    layout.partitions.map(({ name }, index) => [name, partitionPath(disk, index + 1)] as const),
  );
  for (const device of devices.values()) await waitForDevice(host, device);
  return devices;
}

/** Makes the filesystem that a partition is to have; a partition without one stays raw. */
export async function formatPartition(host: Host, device: string, partition: Partition): Promise<void> {
  const { filesystem, label } = partition;
  if (filesystem === undefined) return;
  if (filesystem === 'vfat')
    await host.run('mkfs.vfat', label === undefined ? [device] : ['-n', label, device]);
  else if (filesystem === 'ext4') {
    const growing = label === LABEL.persistent;
    const reserved = growing ? '5' : '0';
    await host.run('mke2fs', [...extOptions('ext4', label ?? '', { growing }), '-m', reserved, device]);
  } else {
    // Each program has its own word for "overwrite what is there".
    const force = filesystem.startsWith('ext') ? ['-F', '-q'] : ['-f'];
    const named = label === undefined ? [] : ['-L', label];
    await host.run(`mkfs.${filesystem}`, [...force, ...named, device]);
  }
}
