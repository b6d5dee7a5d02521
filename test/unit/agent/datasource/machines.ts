import type { Machine } from '../../../../src/agent/datasource/machine.ts';

/** A machine, and the providers whose clouds it can be in. */
export interface KnownMachine {
  readonly name: string;
  readonly machine: Partial<Machine>;
  readonly providers: readonly string[];
}

const AZURE_TAG = '7783-7084-3265-9085-8269-3286-77';

/** DMI of real machines, written from documentation, from cloud-init's tests of ds-identify and from kernel logs. */
export const MACHINES: readonly KnownMachine[] = [
  {
    name: 'AWS, Nitro',
    machine: {
      ...{ vendor: 'Amazon EC2', product: 'm5.large', biosVersion: '1.0', assetTag: 'Amazon EC2' },
      ...{ uuid: 'ec2e1916-9099-7caf-fd21-012345abcdef', serial: 'ec2e1916-9099-7caf-fd21-012345abcdef' },
    },
    providers: ['aws'],
  },
  {
    name: 'AWS, Graviton on bare metal',
    machine: { arch: 'arm64', vendor: 'Amazon EC2', product: 'm6g.metal' },
    providers: ['aws'],
  },
  {
    name: 'AWS, Xen HVM',
    machine: {
      ...{ vendor: 'Xen', product: 'HVM domU', biosVersion: '4.11.amazon' },
      // SMBIOS 2.4 has the first three parts of the UUID in the other byte order.
      ...{ uuid: '45e12aec-dcd1-b213-94ed-012345abcdef', serial: 'ec2ae145-d1dc-13b2-94ed-012345abcdef' },
    },
    providers: ['aws'],
  },
  {
    name: 'AWS, Xen HVM with another version of the BIOS',
    machine: {
      ...{ vendor: 'Xen', product: 'HVM domU', biosVersion: '4.2' },
      ...{ uuid: 'EC2F58AF-2DAD-C57E-88C0-A81CB6084290', serial: 'ec2f58af-2dad-c57e-88c0-a81cb6084290' },
    },
    providers: ['aws'],
  },
  {
    name: 'AWS, Xen without DMI',
    machine: { hypervisorUuid: 'ec2e1916-9099-7caf-fd21-012345abcdef' },
    providers: ['aws'],
  },
  { name: 'Brightbox', machine: { serial: 'srv-otuxg.gb1.brightbox.com' }, providers: ['aws'] },
  { name: 'ZStack', machine: { assetTag: '123456.zstack.io' }, providers: ['aws'] },
  { name: 'e24cloud', machine: { vendor: 'e24cloud' }, providers: ['aws'] },
  {
    name: 'Outscale',
    machine: { vendor: '3DS Outscale', product: '3DS Outscale VM' },
    providers: ['aws'],
  },
  { name: 'Exoscale', machine: { product: 'Exoscale Compute Platform' }, providers: ['aws'] },
  { name: 'Yandex Cloud', machine: { vendor: 'Yandex', product: 'xeon-gold-6338' }, providers: ['aws'] },
  {
    name: 'Google Compute Engine',
    machine: { vendor: 'Google', product: 'Google Compute Engine', serial: 'GoogleCloud-0123456789ABCDEF' },
    providers: ['gcp'],
  },
  {
    name: 'Google Compute Engine with another product',
    machine: { vendor: 'Google', serial: 'GoogleCloud-8f2e88f' },
    providers: ['gcp'],
  },
  {
    name: 'Azure',
    machine: { vendor: 'Microsoft Corporation', product: 'Virtual Machine', assetTag: AZURE_TAG },
    providers: ['azure'],
  },
  {
    name: 'OpenStack',
    machine: { vendor: 'OpenStack Foundation', product: 'OpenStack Nova' },
    providers: ['openstack'],
  },
  {
    name: 'OpenStack of RDO',
    machine: { vendor: 'RDO', product: 'OpenStack Compute' },
    providers: ['openstack'],
  },
  {
    name: 'OpenStack on VMware',
    machine: { vendor: 'VMware, Inc.', product: 'VMware Virtual Platform', assetTag: 'OpenStack Nova' },
    providers: ['openstack'],
  },
  {
    name: 'OpenStack on arm64, older than the name',
    machine: { arch: 'arm64', vendor: 'QEMU', product: 'KVM Virtual Machine' },
    providers: ['openstack'],
  },
  {
    name: 'Open Telekom Cloud on Xen',
    machine: { vendor: 'Xen', product: 'HVM domU', assetTag: 'OpenTelekomCloud' },
    providers: ['openstack'],
  },
  { name: 'SAP Converged Cloud', machine: { assetTag: 'SAP CCloud VM' }, providers: ['openstack'] },
  { name: 'Huawei Cloud', machine: { assetTag: 'HUAWEICLOUD' }, providers: ['openstack'] },
  {
    name: 'Oracle Cloud',
    machine: { vendor: 'QEMU', product: 'Standard PC (i440FX + PIIX, 1996)', assetTag: 'OracleCloud.com' },
    providers: ['openstack'],
  },
  { name: 'Hetzner', machine: { vendor: 'Hetzner', product: 'vServer' }, providers: ['hetzner'] },
  { name: 'Vultr', machine: { vendor: 'Vultr' }, providers: ['vultr'] },
  {
    name: 'Vultr, bare metal',
    machine: { vendor: 'Supermicro', commandLine: 'root=LABEL=x vultr quiet' },
    providers: ['vultr'],
  },
  {
    name: 'DigitalOcean',
    machine: { vendor: 'DigitalOcean', product: 'Droplet', serial: '142435465' },
    providers: ['digitalocean'],
  },
  { name: 'Scaleway', machine: { vendor: 'Scaleway' }, providers: ['scaleway'] },
  { name: 'Scaleway, C1', machine: { commandLine: 'boot=local scaleway' }, providers: ['scaleway'] },
  {
    name: 'QEMU',
    machine: { vendor: 'QEMU', product: 'Standard PC (Q35 + ICH9, 2009)', biosVersion: '1.16.2' },
    providers: [],
  },
  {
    name: 'Hyper-V in a cellar',
    machine: { vendor: 'Microsoft Corporation', product: 'Virtual Machine', assetTag: '3265-7084' },
    providers: [],
  },
  {
    name: 'VMware',
    machine: { vendor: 'VMware, Inc.', product: 'VMware7,1', assetTag: 'No Asset Tag' },
    providers: [],
  },
  {
    name: 'VirtualBox',
    machine: { vendor: 'innotek GmbH', product: 'VirtualBox', serial: '0' },
    providers: [],
  },
  {
    name: 'Xen in a cellar',
    machine: {
      ...{ vendor: 'Xen', product: 'HVM domU', biosVersion: '4.17' },
      ...{ uuid: 'ec2c1f2e-0b7a-11ee-be56-0242ac120002', serial: '7a1c1f2e-0b7a-11ee-be56-0242ac120002' },
    },
    providers: [],
  },
  {
    name: 'a server of Dell, as Equinix Metal rented it out',
    machine: { vendor: 'Dell Inc.', product: 'PowerEdge R6515', serial: 'EC2XY13', assetTag: '' },
    providers: [],
  },
  {
    name: 'a Chromebook',
    machine: { vendor: 'Google', product: 'Eve', biosVersion: 'MrChromebox-4.22' },
    providers: [],
  },
  {
    name: 'a board with UEFI and an arm64 processor',
    machine: { arch: 'arm64', vendor: 'Raspberry Pi Foundation', product: 'Raspberry Pi 4 Model B' },
    providers: [],
  },
  {
    name: 'a board with a device tree',
    machine: { arch: 'arm64', model: 'Raspberry Pi 4 Model B Rev 1.4' },
    providers: [],
  },
  { name: 'a machine without DMI', machine: {}, providers: [] },
  {
    name: 'words of the command line that contain the name of a cloud',
    machine: { commandLine: 'root=LABEL=scaleway kairos.config=hostname=vultr scaleway.x' },
    providers: [],
  },
];
