import { createHmac } from 'node:crypto';
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { collectFacts } from '../../../../src/agent/facts/collect-facts.ts';
import { templateData } from '../../../../src/agent/facts/template-data.ts';
import { expandTemplate } from '../../../../src/common/cloud-config/template/template.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

const MACHINE_ID = '3d1219c7c4c5404aaa1f6d2a48adfda4';
const UUID = '4c4c4544-0051-3510-8052-b4c04f4a4e31';
const processor = (id: number, core: number) => `processor\t: ${id}
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R)   E5
cpu MHz\t\t: 2596.996
cache size\t: 1024 KB
physical id\t: 0
core id\t\t: ${core}
flags\t\t: fpu hypervisor
`;

const PC = '/sys/devices/pci0000:00';
const files = {
  '/proc/sys/kernel/hostname': 'node-1\n',
  '/proc/sys/kernel/osrelease': '6.8.0-31-generic\n',
  '/proc/sys/kernel/version': '#31-Ubuntu SMP\n',
  '/proc/meminfo': 'MemTotal:       16308844 kB\nMemFree:  1 kB\n',
  '/proc/cpuinfo': [processor(0, 0), processor(1, 0), processor(2, 1), processor(3, 1)].join('\n'),
  '/etc/machine-id': `${MACHINE_ID}\n`,
  '/etc/os-release':
    '# comment\nPRETTY_NAME="Ubuntu 24.04.1 LTS"\nNAME="Ubuntu"\nID=ubuntu\nVERSION_ID=\'24.04\'\nOTHER="a \\"b\\""\n',
  '/sys/class/dmi/id/product_name': 'Standard PC (Q35 + ICH9, 2009)\n',
  '/sys/class/dmi/id/sys_vendor': 'QEMU\n',
  '/sys/class/dmi/id/product_version': 'pc-q35-8.2\n',
  '/sys/class/dmi/id/product_serial': '\n',
  '/sys/class/dmi/id/product_uuid': `${UUID.toUpperCase()}\n`,
  '/sys/class/dmi/id/board_name': 'X11\n',
  '/sys/class/dmi/id/chassis_type': '3\n',
  '/sys/class/dmi/id/chassis_vendor': 'QEMU\n',
  '/sys/class/dmi/id/bios_vendor': 'SeaBIOS\n',
  '/sys/class/dmi/id/bios_date': '04/01/2014\n',
  [`${PC}/block/vda/size`]: '41943040\n',
  [`${PC}/block/vda/dev`]: '253:0\n',
  [`${PC}/block/vda/device/vendor`]: '0x1af4\n',
  '/run/udev/data/b253:0': 'S:disk/by-id/x\nE:ID_SERIAL=QEMU_disk\nE:ID_SERIAL_SHORT=disk-1\n',
  [`${PC}/block/sda/size`]: '1953525168\n',
  [`${PC}/block/sda/device/vendor`]: 'ATA     \n',
  [`${PC}/block/sda/device/model`]: 'Samsung SSD 870\n',
  [`${PC}/block/sr0/device/type`]: '5\n',
  '/sys/devices/virtual/block/loop0/size': '8\n',
  [`${PC}/net/eth0/address`]: '52:54:00:12:34:56\n',
  [`${PC}/net/eth0/speed`]: '1000\n',
  [`${PC}/net/eth1/address`]: '52:54:00:12:34:57\n',
  [`${PC}/net/eth1/speed`]: '-1\n',
  '/sys/devices/virtual/net/lo/address': '00:00:00:00:00:00\n',
};

const links = {
  '/etc/localtime': '../usr/share/zoneinfo/Europe/Vienna',
  '/sys/block/vda': '../devices/pci0000:00/block/vda',
  '/sys/block/sda': '../devices/pci0000:00/block/sda',
  '/sys/block/sr0': '../devices/pci0000:00/block/sr0',
  '/sys/block/loop0': '../devices/virtual/block/loop0',
  '/sys/class/net/eth0': '../../devices/pci0000:00/net/eth0',
  '/sys/class/net/eth1': '../../devices/pci0000:00/net/eth1',
  '/sys/class/net/lo': '../../devices/virtual/net/lo',
  [`${PC}/block/vda/device/driver`]: '../../../bus/virtio/drivers/virtio_blk',
  [`${PC}/net/eth0/device/driver`]: '../../../bus/virtio/drivers/virtio_net',
};

async function machine(changed: Readonly<Record<string, string>> = {}): Promise<TestHost> {
  const host = await testHost({ files: { ...files, ...changed } });
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(host.root, path)), { recursive: true });
    symlinkSync(target, join(host.root, path));
  }
  return host;
}

test('the tree has the names that upstream templates use', async () => {
  await using host = await machine();
  expect(await collectFacts(host)).toEqual({
    node: { hostname: 'node-1', machineid: MACHINE_ID, hypervisor: 'kvm', timezone: 'Europe/Vienna' },
    os: {
      name: 'Ubuntu 24.04.1 LTS',
      vendor: 'ubuntu',
      version: '24.04',
      release: '24.04.1',
      architecture: 'amd64',
    },
    kernel: { release: '6.8.0-31-generic', version: '#31-Ubuntu SMP', architecture: 'x86_64' },
    product: {
      name: 'Standard PC (Q35 + ICH9, 2009)',
      vendor: 'QEMU',
      version: 'pc-q35-8.2',
      uuid: UUID,
    },
    board: { name: 'X11' },
    chassis: { type: 3, vendor: 'QEMU' },
    bios: { vendor: 'SeaBIOS', date: '04/01/2014' },
    cpu: {
      vendor: 'GenuineIntel',
      model: 'Intel(R) Xeon(R) E5',
      speed: 2597,
      cache: 1024,
      cpus: 1,
      cores: 2,
      threads: 4,
    },
    memory: { size: 15926 },
    storage: [
      { name: 'sda', vendor: 'ATA', model: 'Samsung SSD 870', size: 1000 },
      { name: 'vda', driver: 'virtio_blk', serial: 'disk-1', size: 21 },
    ],
    network: [
      { name: 'eth0', driver: 'virtio_net', macaddress: '52:54:00:12:34:56', speed: 1000 },
      { name: 'eth1', macaddress: '52:54:00:12:34:57' },
    ],
  });
  expect(host.calls).toEqual([]);
});

test('a board without firmware is identified by its device tree', async () => {
  await using host = await testHost({
    arch: 'arm64',
    files: {
      '/proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
      '/proc/device-tree/serial-number': '10000000abcdef01\0',
      '/etc/hostname': 'pi\n',
      '/etc/machine-id': 'uninitialized\n',
      '/etc/timezone': 'Etc/UTC\n',
      '/proc/cpuinfo': 'processor\t: 0\nBogoMIPS\t: 108.00\n\nprocessor\t: 1\n',
    },
  });
  const facts = await collectFacts(host);
  expect(facts.product).toEqual({ name: 'Raspberry Pi 4 Model B Rev 1.4', serial: '10000000abcdef01' });
  expect(facts.node).toEqual({ hostname: 'pi', timezone: 'Etc/UTC' });
  expect(facts.cpu).toEqual({ threads: 2 });
  expect(facts.kernel).toEqual({ architecture: 'aarch64' });
});

test('a machine without any sources has no facts', async () => {
  await using host = await testHost();
  const { Random, ...data } = await templateData(host);
  expect(data).toEqual({
    Values: {
      sysinfo: { version: '1.1.3', timestamp: '2026-01-02T03:04:05.000Z' },
      Random,
      ProtectedID: '',
      node: {},
      os: { architecture: 'amd64' },
      kernel: { architecture: 'x86_64' },
      product: {},
      board: {},
      chassis: {},
      bios: {},
      cpu: {},
      memory: {},
      storage: [],
      network: [],
    },
    ProtectedID: '',
    MachineID: '',
    UUID: '',
  });
  expect(Random).toMatch(/^[0-9a-f]{32}$/);
});

test('unreadable facts are absent', async () => {
  await using host = await testHost({ files: { '/etc/machine-id/x': '' } });
  expect((await collectFacts(host)).node).toEqual({});
  expect(host.logged.some((line) => line.startsWith('debug /etc/machine-id: it is a directory'))).toBe(true);
});

test('ids belong to the machine', async () => {
  await using host = await machine();
  const data = await templateData(host);
  expect(data).toMatchObject({
    MachineID: MACHINE_ID,
    UUID,
    ProtectedID: createHmac('sha256', MACHINE_ID).update('yip').digest('hex'),
  });
  expect((await templateData(host)).Random).not.toBe(data.Random);
});

test('the UUID comes from the machine id where the firmware has none', async () => {
  await using host = await machine({ '/sys/class/dmi/id/product_uuid': 'Not Settable\n' });
  const { UUID: made } = await templateData(host);
  expect(made).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect((await templateData(host)).UUID).toBe(made);
});

test('upstream templates expand', async () => {
  await using host = await machine();
  const data = await templateData(host);
  expect(expandTemplate('{{ trunc 4 .MachineID }}-{{ .Values.node.hostname }}', data)).toBe('3d12-node-1');
  expect(expandTemplate('{{ (index .Values.network 0).macaddress | replace ":" "" }}', data)).toBe(
    '525400123456',
  );
  expect(expandTemplate('{{ .Values.product.serial | default .Values.product.uuid }}', data)).toBe(UUID);
  expect(expandTemplate('{{ if gt .Values.memory.size 8000 }}big{{ end }}', data)).toBe('big');
});
