import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { nodeUuid } from '../facts/node-uuid.ts';
import { templateData } from '../facts/template-data.ts';
import { bootState, efiVariable, sentinels } from './boot-state.ts';
import { lookUp } from './lookup.ts';
import { partitionStates } from './partitions.ts';

/** GUID of the variables that the UEFI specification defines. */
const EFI_GLOBAL = '8be4df61-93ca-11d2-aa0d-00e098032b8c';

/**
 * Collects the output of `state` (docs/contract.md 5.1): `uuid`, the partitions, `encrypted_partitions`, `boot`,
 * `in_ram`, `system`, `addresses`, `kairos`. Values that cannot be determined are empty, with a warning in the log.
 */
export async function stateTree(host: Host): Promise<Readonly<Record<string, unknown>>> {
  const [partitions, boot, present, data, addresses, kairos] = await Promise.all([
    orNothing(host, 'partitions', partitionStates(host)),
    bootState(host),
    sentinels(host),
    orNothing(host, 'system', templateData(host)),
    orNothing(host, 'addresses', addressesOf(host)),
    kairosOf(host),
  ]);
  return {
    uuid: (await nodeUuid(host)) ?? '',
    ...partitions?.partitions,
    encrypted_partitions: partitions?.encrypted ?? { by_label: {}, by_device: {} },
    boot,
    in_ram: present.has('in_ram_mode'),
    system: lookUp(data, 'Values') ?? {},
    addresses: addresses ?? [],
    kairos,
  };
}

async function orNothing<T>(host: Host, what: string, value: Promise<T>): Promise<T | undefined> {
  try {
    return await value;
  } catch (error) {
    host.log('warn', `${what} cannot be read: ${messageOf(error)}`);
    return undefined;
  }
}

interface Interface {
  readonly addr_info?: readonly { readonly local?: string; readonly scope?: string }[];
}

/** The global addresses of the node. */
async function addressesOf(host: Host): Promise<string[]> {
  const { stdout } = await host.run('ip', ['-json', 'address', 'show', 'scope', 'global']);
  const interfaces = JSON.parse(stdout || '[]') as Interface[];
  return interfaces.flatMap(({ addr_info = [] }) =>
    addr_info.flatMap(({ local, scope }) => (local && scope === 'global' ? [local] : [])),
  );
}

async function kairosOf(host: Host): Promise<Readonly<Record<string, unknown>>> {
  const release = parseOsRelease((await host.readText(NODE_PATH.release)) ?? '');
  const secureBoot = await efiVariable(host, `SecureBoot-${EFI_GLOBAL}`);
  return {
    flavor: release.get('KAIROS_FLAVOR') ?? '',
    version: release.get('KAIROS_VERSION') ?? '',
    init: (await host.stat('/run/systemd/system')) === undefined ? 'openrc' : 'systemd',
    secureboot: secureBoot?.[0] === 1,
  };
}
