import { isIPv4 } from 'node:net';
import { iniFile, type NetworkFile, type Section } from './network-file.ts';
import type { NetworkInterface, NetworkPlan } from './plan.ts';
import { hardwareAddress } from './split-fields.ts';

/** The name of the file, which connman reads as it starts. */
export const CONNMAN_FILE = 'kairos-kernel.config';

/**
 * Renders the interfaces of a network for connman (connman-service.config(5)), which makes no VLANs, bonds and bridges.
 * @returns `undefined` without an interface
 */
export function connmanFile({ interfaces }: NetworkPlan): NetworkFile | undefined {
  if (interfaces.length === 0) return undefined;
  return iniFile(CONNMAN_FILE, interfaces.map(serviceOf));
}

function serviceOf({ match, automatic, addresses, gateways, dns }: NetworkInterface, index: number): Section {
  const mac = match === undefined ? undefined : hardwareAddress(match);
  const four = addresses.find((address) => isIPv4(address.split('/')[0] ?? ''));
  const six = addresses.find((address) => address !== four && !isIPv4(address.split('/')[0] ?? ''));
  const gateway = (isOwn: (address: string) => boolean) => gateways.find(isOwn);
  return [
    `service_kernel${index}`,
    [
      'Type=ethernet',
      match !== undefined && (mac === undefined ? `DeviceName=${match}` : `MAC=${mac}`),
      `IPv4=${four === undefined ? (automatic === 'ipv4' || automatic === 'yes' ? 'dhcp' : 'off') : fourParts(four, gateway(isIPv4))}`,
      `IPv6=${six === undefined ? (automatic === 'ipv6' || automatic === 'yes' ? 'auto' : 'off') : [six, gateway((each) => !isIPv4(each))].filter(Boolean).join('/')}`,
      dns.length > 0 && `Nameservers=${dns.join(',')}`,
    ],
  ];
}

/** `ADDRESS/NETMASK/GATEWAY`. */
function fourParts(address: string, gateway = ''): string {
  const [host = '', prefix = '32'] = address.split('/');
  const mask = [0, 8, 16, 24].map((start) => {
    const bits = Math.min(8, Math.max(0, Number(prefix) - start));
    return 256 - 2 ** (8 - bits);
  });
  return [host, mask.join('.'), gateway].filter(Boolean).join('/');
}
