import type { Bond, Bridge, Vlan } from './plan.ts';
import { hardwareAddress, isInterfaceName, splitFields } from './split-fields.ts';

const MODES = [
  'balance-rr',
  'active-backup',
  'balance-xor',
  'broadcast',
  '802.3ad',
  'balance-tlb',
  'balance-alb',
];

/** Parses `vlan=NAME:INTERFACE`; the id is at the end of the name (dracut.cmdline(7)). @returns `undefined` if malformed */
export function parseVlan(value: string): Vlan | undefined {
  const [name = '', link = ''] = splitFields(value);
  const id = Number(/(\d+)$/.exec(name)?.[1] ?? Number.NaN);
  return isInterfaceName(name) && isInterfaceName(link) && id >= 1 && id <= 4094
    ? { name, link, id }
    : undefined;
}

/** Parses `bond=NAME:MEMBERS:OPTIONS:MTU`, all of them optional (dracut.cmdline(7)). @returns `undefined` if malformed */
export function parseBond(value: string): Bond | undefined {
  const [name = '', members = '', options = '', mtu = ''] = splitFields(value);
  const bond = {
    name: name === '' ? 'bond0' : name,
    members: members === '' ? ['eth0', 'eth1'] : members.split(','),
    options: optionsIn(options === '' ? 'mode=balance-rr' : options),
    ...(/^\d+$/.test(mtu) ? { mtu: Number(mtu) } : {}),
  };
  return [bond.name, ...bond.members].every(isInterfaceName) ? bond : undefined;
}

function optionsIn(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('=', 2) as [string, string?]);
  const options = Object.fromEntries(pairs.map(([key, value = '']) => [key, value.replaceAll(';', ',')]));
  // The driver also numbers its modes.
  const mode = MODES[Number(options['mode'])];
  return mode === undefined ? options : { ...options, mode };
}

/** Parses `bridge=NAME:MEMBERS` (dracut.cmdline(7)). @returns `undefined` if malformed */
export function parseBridge(value: string): Bridge | undefined {
  const [name = '', members = ''] = splitFields(value);
  const bridge = {
    name: name === '' ? 'br0' : name,
    members: members === '' ? ['eth0'] : members.split(','),
  };
  return [bridge.name, ...bridge.members].every(isInterfaceName) ? bridge : undefined;
}

/** Parses `ifname=NAME:HARDWARE-ADDRESS` (dracut.cmdline(7)). @returns `undefined` if malformed */
export function parseName(value: string): { readonly name: string; readonly mac: string } | undefined {
  const [, name = '', address = ''] = /^([^:]+):(.+)$/.exec(value) ?? [];
  const mac = hardwareAddress(address);
  return mac !== undefined && isInterfaceName(name) ? { name, mac } : undefined;
}
