import { extOptions } from '../../common/contract/filesystems.ts';
import { interruptedBootCode } from '../../common/contract/interrupted-boot-code.ts';
import { LABEL } from '../../common/contract/labels.ts';
import type { DiskLayout, Partition } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { partitionPath, settle, waitForDevice, writeAt } from './block-device.ts';
import { mountTable } from './mounts.ts';

/** sfdisk's names of GPT attribute bits (sfdisk(8), "attrs"). */
const ATTRIBUTES: Readonly<Record<number, string>> = { 0: 'RequiredPartition', 2: 'LegacyBIOSBootable' };

/** The sfdisk script of a layout (sfdisk(8), "Input formats"). @param sector logical sector size of the disk, in bytes */
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
 * Releases a disk for a new table: deactivates volume groups and removes mappings on it (docs/contract.md 1.1).
 * @throws FactoryError `usage` when the disk is in use
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
      remedy: 'Choose another disk, or unmount these partitions first.',
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
          remedy: 'Stop this volume, or choose another disk.',
        });
      }
    }
  }
}

/**
 * Writes the partition table and waits for the partitions. Until a boot loader is written, the disk shows a message on BIOS
 * that it holds no system.
 * @returns the device of each partition, by name
 * @throws FactoryError `step` when a partition does not appear
 */
export async function writeTable(
  host: Host,
  disk: string,
  { layout, sector }: { readonly layout: DiskLayout; readonly sector: number },
): Promise<ReadonlyMap<string, string>> {
  await host.run('wipefs', ['--all', '--quiet', disk]);
  await writeAt(host, disk, { offset: 0, bytes: interruptedBootCode() });
  // "--wipe always" would also wipe the boot code.
  await host.run('sfdisk', ['--quiet', '--wipe', 'never', '--wipe-partitions', 'always', disk], {
    input: sfdiskScript(layout, sector),
  });
  await settle(host);
  const devices = new Map(
    layout.partitions.map(({ name }, index) => [name, partitionPath(disk, index + 1)] as const),
  );
  for (const device of devices.values()) await waitForDevice(host, device);
  return devices;
}

/** Creates the filesystem of a partition; one without a filesystem stays raw. */
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
    // Each program has its own flag for overwriting an existing filesystem.
    const force = filesystem.startsWith('ext') ? ['-F', '-q'] : ['-f'];
    const named = label === undefined ? [] : ['-L', label];
    await host.run(`mkfs.${filesystem}`, [...force, ...named, device]);
  }
}
