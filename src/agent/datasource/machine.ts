import type { Host } from '../../common/host/host.ts';
import { readFact } from '../facts/read.ts';

const DMI = '/sys/class/dmi/id';

/** What this machine says about itself, without the network. A fact that it does not have is missing. */
export interface Machine {
  /** As the agent names it: `amd64` or `arm64`. */
  readonly arch: string;
  /** The kernel command line. */
  readonly commandLine: string;
  readonly vendor?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly uuid?: string;
  /** Asset tag of the chassis, in which several clouds put their name. */
  readonly assetTag?: string;
  readonly biosVersion?: string;
  /** Of Xen, which has it also for guests without DMI. */
  readonly hypervisorUuid?: string;
  /** Model of the device tree, which boards have instead of DMI. */
  readonly model?: string;
}

/** The file of each fact. Those of the serial number and the UUID are for root only. */
const FILES = {
  vendor: `${DMI}/sys_vendor`,
  product: `${DMI}/product_name`,
  serial: `${DMI}/product_serial`,
  uuid: `${DMI}/product_uuid`,
  assetTag: `${DMI}/chassis_asset_tag`,
  biosVersion: `${DMI}/bios_version`,
  hypervisorUuid: '/sys/hypervisor/uuid',
  model: '/proc/device-tree/model',
} as const;

/** Reads what {@link Machine} has; a file that is missing or unreadable counts as unknown. */
export async function readMachine(host: Host, commandLine: string): Promise<Machine> {
  const facts = await Promise.all(
    Object.entries(FILES).map(async ([name, file]) => [name, await readFact(host, file)] as const),
  );
  const known = Object.fromEntries(facts.filter(([, value]) => value !== undefined));
  return { arch: host.arch, commandLine, ...known };
}

/** Names a machine for a message: vendor and product, or the model of a board. */
export function describeMachine({ vendor, product, model }: Machine): string {
  const names = [vendor, product].filter((name) => name !== undefined);
  return names.join(' ') || model || 'there is none';
}
