import { createSocket } from 'node:dgram';
import type { NetworkInterfaceInfo } from 'node:os';
import { expect, test } from 'vitest';
import { requireFreeUdpPort } from '../../../../src/factory/netboot/free-udp-port.ts';
import {
  hardwareAddress,
  interfaceNames,
  isUdpPortUsed,
} from '../../../../src/factory/netboot/neighbours.ts';
import { networkPlace } from '../../../../src/factory/netboot/network-place.ts';

const info = (address: string, internal = false): NetworkInterfaceInfo => ({
  ...{ address, netmask: '255.255.255.0', family: 'IPv4', mac: '02:00:00:00:00:01', internal, cidr: null },
});
const LOOPBACK = { lo: [info('127.0.0.1', true)] };
const ONE = { ...LOOPBACK, eth0: [info('192.0.2.2')] };
const TWO = { ...ONE, eth1: [info('198.51.100.1'), info('203.0.113.1')] };
const all = ['lo', 'eth0', 'eth1', 'eth2', 'a,b'];
const place = (given: { interface?: string; address?: string }, addresses = ONE) =>
  networkPlace({ addresses, all, ...given });

test('the only address is taken; the loopback is not one', () => {
  expect(place({})).toEqual({ interface: 'eth0', address: '192.0.2.2', netmask: '255.255.255.0' });
});

test('of several, the person chooses by interface or address', () => {
  expect(place({ interface: 'eth0' }, TWO).address).toBe('192.0.2.2');
  expect(place({ address: '203.0.113.1' }, TWO).interface).toBe('eth1');
  expect(place({ interface: 'eth1', address: '198.51.100.1' }, TWO).interface).toBe('eth1');
});

test.each<[string, Parameters<typeof place>, RegExp]>([
  ['several', [{}, TWO], /several addresses/],
  ['several on one interface', [{ interface: 'eth1' }, TWO], /several addresses/],
  ['none', [{}, LOOPBACK as never], /no IPv4 address in a network/],
  ['no such interface', [{ interface: 'eth9' }], /no interface "eth9"/],
  ['a name with a meaning in dnsmasq', [{ interface: 'a,b' }], /no interface "a,b"/],
  ['an interface without an address', [{ interface: 'eth2' }], /eth2 is down, or has no IPv4 address/],
  [
    'an address of another machine',
    [{ address: '192.0.2.99' }],
    /no interface of this machine has .* 192\.0\.2\.99/,
  ],
])('%s is refused', (_, args, message) => {
  expect(() => place(...args)).toThrow(
    expect.objectContaining({ code: 'NETWORK_UNUSABLE', message: expect.stringMatching(message) }),
  );
});

test('the kernel knows the hardware address of a neighbour', () => {
  const table = `IP address       HW type     Flags       HW address            Mask     Device
192.0.2.7        0x1         0x2         52:54:00:AA:00:01     *        eth0
192.0.2.77       0x1         0x0         00:00:00:00:00:00     *        eth0
`;
  expect(hardwareAddress(table, '192.0.2.7')).toBe('52:54:00:aa:00:01');
  expect(hardwareAddress(table, '192.0.2.77')).toBeUndefined();
  expect(hardwareAddress(table, '192.0.2.8')).toBeUndefined();
});

test('the kernel knows the ports of programs', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
  361: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0
`;
  expect(isUdpPortUsed(table, 67)).toBe(true);
  expect(isUdpPortUsed(table, 69)).toBe(false);
});

test('the kernel knows all interfaces, also those without an address', () => {
  const table = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 2408018  12 0 0 0 0 0 0 2408018 12 0 0 0 0 0 0
eth0.7:       0   0 0 0 0 0 0 0       0  0 0 0 0 0 0 0
`;
  expect(interfaceNames(table)).toEqual(['lo', 'eth0.7']);
});

test('a port of another program is refused by name', async () => {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  const refused = requireFreeUdpPort('127.0.0.1', port);
  await expect(refused).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: `cannot use UDP port ${port} of 127.0.0.1: another program has the port`,
  });
  await new Promise<void>((resolve) => socket.close(resolve));
  await requireFreeUdpPort('127.0.0.1', port);
  await expect(requireFreeUdpPort('192.0.2.1', port)).rejects.toMatchObject({ code: 'PORT_IN_USE' });
});
