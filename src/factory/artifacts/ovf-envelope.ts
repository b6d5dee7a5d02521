import type { Arch } from '../../common/contract/architectures.ts';

/** What a virtual machine has until a person changes it. */
const MEMORY_MIB = 2048;
const CPUS = 2;
/** The oldest virtual hardware with UEFI and its Secure Boot: that of ESXi 6.5. */
const HARDWARE = 'vmx-13';
/** VMware's names for a 64-bit Linux; the kernel has the drivers of the devices below, whatever its distribution. */
const GUEST: Readonly<Record<Arch, string>> = { amd64: 'otherLinux64Guest', arm64: 'arm-other-64' };
const STREAM_OPTIMIZED = 'http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized';

/** CIM's numbers of resource types (CIM_ResourceAllocationSettingData, `ResourceType`). */
const RESOURCE = { processor: 3, memory: 4, scsi: 6, ethernet: 10, disk: 17 } as const;

/** A virtual machine with one disk. */
export interface OvfMachine {
  readonly name: string;
  readonly arch: Arch;
  readonly disk: {
    /** Its file in the package, and the size of that file in bytes. */
    readonly file: string;
    readonly size: number;
    /** Size of the disk in bytes. */
    readonly capacity: number;
  };
}

/**
 * The descriptor of a virtual machine that boots from UEFI (DMTF DSP0243 1.1.1). `vmw:` elements are VMware's; other products skip
 * them, because they are not required.
 */
export function ovfEnvelope({ name, arch, disk }: OvfMachine): string {
  const items = [
    item({
      id: 1,
      type: RESOURCE.processor,
      name: 'Processors',
      AllocationUnits: 'hertz * 10^6',
      VirtualQuantity: CPUS,
    }),
    item({
      id: 2,
      type: RESOURCE.memory,
      name: 'Memory',
      AllocationUnits: 'byte * 2^20',
      VirtualQuantity: MEMORY_MIB,
    }),
    item({ id: 3, type: RESOURCE.scsi, name: 'SCSI controller', Address: 0, ResourceSubType: 'VirtualSCSI' }),
    item({
      id: 4,
      type: RESOURCE.disk,
      name: 'Disk',
      AddressOnParent: 0,
      HostResource: 'ovf:/disk/disk1',
      Parent: 3,
    }),
    item({
      id: 5,
      type: RESOURCE.ethernet,
      name: 'Network card',
      AddressOnParent: 7,
      AutomaticAllocation: 'true',
      Connection: 'VM Network',
      ResourceSubType: 'VmxNet3',
    }),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References>
    <File ovf:href="${disk.file}" ovf:id="file1" ovf:size="${disk.size}"/>
  </References>
  <DiskSection>
    <Info>Virtual disks</Info>
    <Disk ovf:capacity="${disk.capacity}" ovf:capacityAllocationUnits="byte" ovf:diskId="disk1" ovf:fileRef="file1" ovf:format="${STREAM_OPTIMIZED}"/>
  </DiskSection>
  <NetworkSection>
    <Info>Networks</Info>
    <Network ovf:name="VM Network">
      <Description>The network of the machine</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id="${name}">
    <Info>A virtual machine</Info>
    <Name>${name}</Name>
    <OperatingSystemSection ovf:id="101" vmw:osType="${GUEST[arch]}">
      <Info>The operating system</Info>
      <Description>Linux, 64 bits</Description>
    </OperatingSystemSection>
    <VirtualHardwareSection ovf:transport="com.vmware.guestInfo">
      <Info>The virtual hardware</Info>
      <System>
        <vssd:ElementName>Virtual hardware</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>${name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>${HARDWARE}</vssd:VirtualSystemType>
      </System>
${items.join('')}      <vmw:Config ovf:required="false" vmw:key="firmware" vmw:value="efi"/>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`;
}

/** A device; CIM's schema wants its properties in alphabetical order. */
function item({
  id,
  type,
  name,
  ...properties
}: { readonly id: number; readonly type: number; readonly name: string } & Readonly<
  Record<string, string | number>
>): string {
  const all = { ...properties, ElementName: name, InstanceID: id, ResourceType: type };
  const lines = Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `        <rasd:${key}>${value}</rasd:${key}>\n`);
  return `      <Item>\n${lines.join('')}      </Item>\n`;
}
