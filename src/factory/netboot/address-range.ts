import { isIPv4 } from 'node:net';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { NetworkPlace } from './network-place.ts';

/** The addresses that our own DHCP server gives away. */
export interface AddressRange {
  readonly first: string;
  readonly last: string;
}

/** The network of an address. */
export function networkOf({ address, netmask }: Pick<NetworkPlace, 'address' | 'netmask'>): string {
  const mask = netmask.split('.').map(Number);
  return address
    .split('.')
    .map((part, index) => Number(part) & (mask[index] ?? 0))
    .join('.');
}

/** Parses `FIRST-LAST`, two addresses of the server's network. @throws FactoryError `usage` */
export function parseRange(text: string, place: NetworkPlace): AddressRange {
  const [first = '', last = '', ...rest] = text.split('-');
  const fits = [first, last].every(
    (address) => isIPv4(address) && networkOf({ ...place, address }) === networkOf(place),
  );
  const own = numberOf(place.address);
  const holdsOwn = numberOf(first) <= own && own <= numberOf(last);
  if (fits && rest.length === 0 && numberOf(first) <= numberOf(last) && !holdsOwn) return { first, last };
  throw new FactoryError(
    'OPTION_INVALID',
    `--dhcp-range: "${text}" is not a range of the network of ${place.address}`,
    {
      remedy: 'Write FIRST-LAST without the address of this machine, such as 192.0.2.100-192.0.2.200.',
    },
  );
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
