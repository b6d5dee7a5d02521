import { isIP } from 'node:net';
import { addressWithPrefix } from './address.ts';
import type { Automatic, NetworkInterface } from './plan.ts';
import { hardwareAddress, isInterfaceName, splitFields } from './split-fields.ts';

/** Methods of dracut.cmdline(7); those that are not here assign nothing. */
const METHODS: Readonly<Record<string, Automatic | undefined>> = {
  dhcp: 'ipv4',
  on: 'yes',
  any: 'yes',
  'single-dhcp': 'ipv4',
  dhcp4: 'ipv4',
  dhcp6: 'ipv6',
  auto: 'yes',
  auto6: 'ipv6',
  either6: 'ipv6',
  link6: undefined,
  none: undefined,
  off: undefined,
  static: undefined,
};
const NOTHING = { addresses: [], gateways: [], dns: [], routes: [] };

/**
 * Parses the value of `ip=` (dracut.cmdline(7)). An interface may be given by its hardware address with dashes, and be left out.
 * @returns a text when the value is malformed: what is wrong with it
 */
export function parseIp(value: string): NetworkInterface | string {
  const fields = splitFields(value);
  const [first = '', second = ''] = fields;
  if (fields.length === 1)
    return Object.hasOwn(METHODS, first) ? automatic(undefined, first) : `${first} is not a method`;
  if (!isAddress(first) && first !== '') {
    if (!Object.hasOwn(METHODS, second)) return `${second} is not a method`;
    const match = matchOf(first);
    return match === undefined
      ? `${first} is not an interface`
      : { ...automatic(match, second), ...linkOf(fields[2], fields.slice(3)) };
  }
  return parseStatic(fields);
}

function parseStatic([
  client = '',
  ,
  gateway = '',
  mask = '',
  ,
  device = '',
  method = 'none',
  ...rest
]: readonly string[]) {
  if (!Object.hasOwn(METHODS, method)) return `${method} is not a method`;
  const match = device === '' ? undefined : matchOf(device);
  if (device !== '' && match === undefined) return `${device} is not an interface`;
  const address = client === '' ? undefined : addressWithPrefix(client, mask);
  if (client !== '' && address === undefined) return `${client} with the netmask "${mask}" is not an address`;
  if (gateway !== '' && isIP(gateway) === 0) return `the gateway ${gateway} is not an address`;
  const [beginning = '', ...others] = rest;
  const isDns = isIP(beginning) !== 0;
  return {
    ...automatic(match, method),
    addresses: address === undefined ? [] : [address],
    gateways: gateway === '' ? [] : [gateway],
    dns: isDns ? rest.filter((each) => isIP(each) !== 0) : [],
    ...(isDns ? {} : linkOf(beginning, others)),
  };
}

function automatic(match: string | undefined, method: string): NetworkInterface {
  const way = METHODS[method];
  return { match, ...NOTHING, ...(way === undefined ? {} : { automatic: way }) };
}

/** MTU, and the hardware address, whose colons split it, too. */
function linkOf(mtu = '', mac: readonly string[] = []): Pick<NetworkInterface, 'mtu' | 'mac'> {
  const address = hardwareAddress(mac.join(':'));
  return {
    ...(/^\d+$/.test(mtu) ? { mtu: Number(mtu) } : {}),
    ...(address === undefined ? {} : { mac: address }),
  };
}

function isAddress(text: string): boolean {
  return isIP(text.split('/')[0] ?? '') !== 0;
}

/** An interface as a name or as a hardware address; `undefined` when it is neither. */
export function matchOf(text: string): string | undefined {
  return hardwareAddress(text) ?? (isInterfaceName(text) ? text : undefined);
}
