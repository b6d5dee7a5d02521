import type { Host } from '../../common/host/host.ts';

/**
 * The name that upstream's agent gives to a node: its machine id and host name, joined by a dash (docs/contract.md 5.1).
 * @returns `undefined` without a machine id
 */
export async function nodeUuid(host: Host): Promise<string | undefined> {
  const id = (await host.readText('/etc/machine-id').catch(() => undefined))?.trim();
  if (id === undefined || !/^[0-9a-f]{32}$/.test(id)) return undefined;
  const name = (await host.readText('/proc/sys/kernel/hostname'))?.trim();
  return `${id}-${name || 'localhost'}`;
}
