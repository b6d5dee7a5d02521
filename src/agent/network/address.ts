import { isIP, isIPv4 } from 'node:net';

/**
 * An address with its prefix length.
 * @param mask prefix length or IPv4 netmask; without one, the address is a host by itself
 * @returns `undefined` when the address or the mask is malformed
 */
export function addressWithPrefix(text: string, mask: string): string | undefined {
  const [address = '', own] = text.split('/', 2);
  const version = isIP(address);
  if (version === 0) return undefined;
  const prefix = own ?? mask;
  if (prefix === '') return `${address}/${version === 4 ? 32 : 128}`;
  const length = isIPv4(prefix) ? lengthOf(prefix) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : undefined;
  if (length === undefined || length > (version === 4 ? 32 : 128)) return undefined;
  return `${address}/${length}`;
}

/** The prefix length of a netmask; `undefined` when its ones are not together. */
function lengthOf(netmask: string): number | undefined {
  const bits = netmask
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  const length = bits.indexOf('0') === -1 ? 32 : bits.indexOf('0');
  return bits.slice(length).includes('1') ? undefined : length;
}
