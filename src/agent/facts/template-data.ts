import { createHmac, randomBytes } from 'node:crypto';
import type { Host } from '../../common/host/host.ts';
import { collectFacts } from './collect-facts.ts';
import type { Facts } from './facts.ts';

/** Under which name upstream's yip makes the protected id of a machine. */
const APPLICATION = 'yip';
/** Under which name the UUID of a machine without one in its firmware is made. */
const OWN_APPLICATION = 'kairos';
/** The version of github.com/zcalusic/sysinfo whose tree the values follow. */
const SYSINFO_VERSION = '1.1.3';

/** What templates of a cloud-config can use (docs/contract.md 4.8). */
export interface TemplateData {
  readonly Values: Facts & {
    readonly sysinfo: { readonly version: string; readonly timestamp: string };
    readonly Random: string;
    readonly ProtectedID: string;
  };
  /** 32 hexadecimal digits, others each time. */
  readonly Random: string;
  /** An id that is the machine's own but does not give away its machine id: 64 hexadecimal digits, or empty without one. */
  readonly ProtectedID: string;
  /** `/etc/machine-id`; empty when there is none. */
  readonly MachineID: string;
  /** The firmware's UUID, or else one derived from the machine id, or empty. */
  readonly UUID: string;
}

/** Collects the data of templates, from a machine as it is now. Never throws: what is missing is left out or empty. */
export async function templateData(host: Host): Promise<TemplateData> {
  const values = await collectFacts(host);
  const machineId = values.node.machineid ?? '';
  const random = randomBytes(16).toString('hex');
  const protectedId = idFor(APPLICATION, machineId);
  const sysinfo = { version: SYSINFO_VERSION, timestamp: host.now().toISOString() };
  return {
    Values: { sysinfo, ...values, Random: random, ProtectedID: protectedId },
    Random: random,
    ProtectedID: protectedId,
    MachineID: machineId,
    UUID: values.product.uuid ?? uuidFrom(machineId),
  };
}

/** As `machineid.ProtectedID` of github.com/denisbrodbeck/machineid makes it: HMAC-SHA256 of the name, keyed by the id. */
function idFor(application: string, machineId: string): string {
  if (machineId === '') return '';
  return createHmac('sha256', machineId).update(application).digest('hex');
}

/** In the form of a random UUID (RFC 9562, version 8: of the maker's own kind). */
function uuidFrom(machineId: string): string {
  const digits = idFor(OWN_APPLICATION, machineId);
  if (digits === '') return '';
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const groups = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`];
  return [...groups, variant + digits.slice(17, 20), digits.slice(20, 32)].join('-');
}
