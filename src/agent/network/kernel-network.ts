import { isIP } from 'node:net';
import { parseIp } from './parse-ip.ts';
import { parseBond, parseBridge, parseName, parseVlan } from './parse-links.ts';
import type { NetworkInterface, NetworkPlan, Route } from './plan.ts';
import { hardwareAddress, splitFields } from './split-fields.ts';

/** Words of the command line that describe a network, by their name (dracut.cmdline(7)). */
const ARGUMENT = /^(ip|vlan|bond|bridge|ifname|nameserver|rd\.route|BOOTIF)=(.*)$/;

/**
 * Reads the network that the kernel command line describes: `ip=`, `vlan=`, `bond=`, `bridge=`, `ifname=`, `nameserver=`,
 * `rd.route=` and `BOOTIF=`, as dracut.cmdline(7) defines them. What is malformed is a problem, and the rest counts.
 * @param words of the command line
 */
export function kernelNetwork(words: readonly string[]): NetworkPlan {
  const problems: string[] = [];
  const found = words.flatMap((word) => {
    const [, name = '', value = ''] = ARGUMENT.exec(word) ?? [];
    return name === '' ? [] : [{ name, value }];
  });
  const values = (name: string) => found.flatMap((each) => (each.name === name ? [each.value] : []));
  const all = <T>(name: string, parse: (value: string) => T | undefined): T[] =>
    values(name).flatMap((value) => {
      const parsed = parse(value);
      if (parsed === undefined) problems.push(`${name}=${value} is malformed`);
      return parsed ?? [];
    });
  const bootInterface = all('BOOTIF', (value) =>
    hardwareAddress(value.replace(/^01-(?=(..-){5}..$)/, '')),
  )[0];
  const interfaces = values('ip').flatMap((value): NetworkInterface[] => {
    const parsed = value === 'ibft' ? 'iBFT is not supported' : parseIp(value);
    if (typeof parsed === 'string') problems.push(`ip=${value}: ${parsed}`);
    return typeof parsed === 'string' ? [] : [{ ...parsed, match: parsed.match ?? bootInterface }];
  });
  const dns = all('nameserver', (value) =>
    isIP(value.replaceAll(/[[\]]/g, '')) === 0 ? undefined : value.replaceAll(/[[\]]/g, ''),
  );
  const routes = all('rd.route', parseRoute);
  return {
    interfaces: merged(interfaces).map((each) => ({
      ...each,
      dns: [...new Set([...each.dns, ...dns])],
      routes: routes.flatMap(({ device, ...route }) =>
        device === undefined || device === each.match ? [route] : [],
      ),
    })),
    vlans: all('vlan', parseVlan),
    bonds: all('bond', parseBond),
    bridges: all('bridge', parseBridge),
    names: all('ifname', parseName),
    problems,
  };
}

/** Parses `rd.route=NET/PREFIX:GATEWAY[:INTERFACE]`. */
function parseRoute(value: string): (Route & { readonly device: string | undefined }) | undefined {
  const [destination = '', gateway = '', device = ''] = splitFields(value);
  const isNetwork =
    /^[0-9a-f.:]+\/\d{1,3}$/i.test(destination) && isIP(destination.split('/')[0] ?? '') !== 0;
  return isNetwork && isIP(gateway) !== 0 ? { destination, gateway, device: device || undefined } : undefined;
}

/** Several arguments for one interface give it several addresses. */
function merged(interfaces: readonly NetworkInterface[]): NetworkInterface[] {
  return [...Map.groupBy(interfaces, ({ match }) => match)].map(([match, same]) => ({
    ...(Object.assign({}, ...same) as NetworkInterface),
    match,
    addresses: same.flatMap(({ addresses }) => addresses),
    gateways: same.flatMap(({ gateways }) => gateways),
    dns: same.flatMap(({ dns }) => dns),
  }));
}
