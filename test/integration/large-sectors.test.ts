import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { diskGeometry } from '../../src/agent/deploy/block-device.ts';
import { formatPartition, releaseDisk, writeTable } from '../../src/agent/deploy/disk.ts';
import { mount } from '../../src/agent/deploy/mounts.ts';
import { arrangePartitions, MIB, systemPartitions } from '../../src/common/contract/partitions.ts';
import { systemHost } from '../../src/common/host/system-host.ts';
import { tool } from '../support/tool.ts';

/** A disk with sectors of 4096 bytes; `undefined` where the machine has no loop devices, or none with partitions. */
async function largeSectors(file: string): Promise<string | undefined> {
  await writeFile(file, '');
  await truncate(file, 6 * 1024 * MIB);
  return tool('losetup', '-f', '--show', '-P', '--sector-size', '4096', file).catch(() => undefined);
}

/** Makes the missing device nodes of the partitions that the kernel knows, and returns them. */
async function makeNodes(disk: string): Promise<string[]> {
  const made: string[] = [];
  // Some kernels read no GPT by themselves.
  await tool('partx', '--update', disk);
  const name = basename(disk);
  for (const part of (await readdir(`/sys/class/block/${name}`)).filter((entry) => entry.startsWith(name))) {
    const [major = '', minor = ''] = (await readFile(`/sys/class/block/${part}/dev`, 'utf8'))
      .trim()
      .split(':');
    if (existsSync(`/dev/${part}`)) continue;
    await tool('mknod', `/dev/${part}`, 'b', major, minor);
    made.push(`/dev/${part}`);
  }
  return made;
}

/** Bytes of a sector in the boot sector of a FAT filesystem. */
async function fatSector(device: string): Promise<number> {
  const handle = await open(device);
  try {
    const { buffer } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.readUInt16LE(11);
  } finally {
    await handle.close();
  }
}

test('a disk with sectors of 4096 bytes is partitioned and formatted by the real programs (needs root and loop devices)', async ({
  skip,
}) => {
  const directory = await mkdtemp(join(tmpdir(), 'kairos-factory-sectors-'));
  const disk = await largeSectors(join(directory, 'disk.img'));
  const made: string[] = [];
  try {
    if (disk === undefined) {
      skip('no loop devices');
      return;
    }
    const real = systemHost(() => undefined);
    // In a container, nobody makes the nodes of partitions.
    const host = { ...real, sleep: async () => void made.push(...(await makeNodes(disk))) };
    const geometry = await diskGeometry(host, disk);
    expect(geometry.sector).toBe(4096);
    const sizes = { systemImage: 500, recoveryImage: 500, oem: 64, persistent: 0, bios: false };
    const layout = arrangePartitions(systemPartitions(sizes), geometry);
    await releaseDisk(host, disk);
    const devices = await writeTable(host, disk, { layout, sector: geometry.sector });
    expect([...devices.keys()]).toEqual(['efi', 'oem', 'recovery', 'state', 'persistent']);
    const table = JSON.parse(await tool('sfdisk', '--json', disk)).partitiontable;
    expect([table.sectorsize, table.partitions[0].start, table.partitions[0].size]).toEqual([
      4096, 256, 16384,
    ]);

    for (const partition of layout.partitions) {
      const device = devices.get(partition.name) ?? '';
      expect(Number(await readFile(`/sys/class/block/${device.slice(5)}/size`, 'utf8')) * 512).toBe(
        partition.size,
      );
      await formatPartition(host, device, partition);
      expect(await tool('blkid', '-p', '-o', 'value', '-s', 'LABEL', device)).toBe(partition.label);
      if (partition.filesystem === 'vfat') {
        expect(await fatSector(device)).toBe(4096);
        await tool('fsck.fat', '-n', device);
        continue;
      }
      {
        await using mounted = await mount(host, device, { path: join(directory, partition.name) });
        await writeFile(join(mounted.path, 'file'), partition.name);
      }
      await tool('e2fsck', '-f', '-n', device);
    }
  } finally {
    if (disk !== undefined) await tool('losetup', '-d', disk);
    for (const node of made) await rm(node, { force: true });
    await rm(directory, { recursive: true, force: true });
  }
});
