import type { NetworkInterfaceInfo } from 'node:os';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** Where the server is in the network. */
export interface NetworkPlace {
  readonly interface: string;
  /** IPv4, as is the mask. */
  readonly address: string;
  readonly netmask: string;
}

/** What the person asks for, and what the machine has. */
export interface PlaceChoice {
  readonly interface?: string | undefined;
  readonly address?: string | undefined;
  /** As `networkInterfaces()` of node:os gives them: only what is up and has an address. */
  readonly addresses: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  /** All interfaces of the machine. */
  readonly all: readonly string[];
}

/** Names without a meaning of their own in dnsmasq's configuration. */
const PLAIN_NAME = /^[\w.:@-]+$/;

/** Chooses interface and address. @throws FactoryError `usage` when there is none, or several */
export function networkPlace(choice: PlaceChoice): NetworkPlace {
  const { interface: wanted, address } = choice;
  const places = Object.entries(choice.addresses).flatMap(([name, infos = []]) =>
    infos
      .filter(({ family, internal }) => family === 'IPv4' && (!internal || name === wanted))
      .map((info) => ({ interface: name, address: info.address, netmask: info.netmask })),
  );
  const list = places.map((place) => `${place.interface}: ${place.address}`);
  if (wanted !== undefined) requireInterface(wanted, choice.all, list);
  const onInterface = places.filter((place) => wanted === undefined || place.interface === wanted);
  if (wanted !== undefined && onInterface.length === 0)
    throw unusable(`${wanted} is down, or has no IPv4 address`, {
      details: list,
      remedy: `Give it one, such as: ip addr add 192.0.2.1/24 dev ${wanted} && ip link set ${wanted} up`,
    });
  const [place, ...others] = onInterface.filter((each) => address === undefined || each.address === address);
  if (place === undefined && address !== undefined)
    throw unusable(`no ${wanted ?? 'interface'} of this machine has the IPv4 address ${address}`, {
      details: list,
      remedy: 'Give --address one of these, or leave it out.',
    });
  if (place === undefined)
    throw unusable('this machine has no IPv4 address in a network', {
      remedy: 'Connect it, or give an interface an address.',
    });
  if (others.length > 0)
    throw unusable('this machine has several addresses', {
      details: list,
      remedy: 'Choose with --interface, or with --address.',
    });
  return place;
}

function requireInterface(name: string, all: readonly string[], list: readonly string[]): void {
  if (all.includes(name) && PLAIN_NAME.test(name)) return;
  throw unusable(`this machine has no interface "${name}"`, {
    details: list,
    remedy: 'Give --interface one that it has.',
  });
}

function unusable(
  message: string,
  options: { readonly details?: readonly string[]; readonly remedy: string },
) {
  return new FactoryError('NETWORK_UNUSABLE', message, options);
}
