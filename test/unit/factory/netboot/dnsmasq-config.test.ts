import { expect, test } from 'vitest';
import { networkOf, parseRange } from '../../../../src/factory/netboot/address-range.ts';
import { CLIENT_KINDS, clientName } from '../../../../src/factory/netboot/client-kinds.ts';
import { type DnsmasqSetup, dnsmasqConfig } from '../../../../src/factory/netboot/dnsmasq-config.ts';
import { serviceAccount } from '../../../../src/factory/netboot/service-account.ts';

const PLACE = { interface: 'eth1', address: '192.0.2.9', netmask: '255.255.255.0' };
const SETUP: DnsmasqSetup = {
  place: PLACE,
  kinds: CLIENT_KINDS,
  url: 'http://192.0.2.9:8080/',
  tftpRoot: '/run/x/tftp',
  leaseFile: '/run/x/leases',
};
const lines = (setup: DnsmasqSetup) => dnsmasqConfig(setup).split('\n');

test('beside a DHCP server, dnsmasq answers firmware only, and gives no addresses', () => {
  const config = lines(SETUP);
  expect(config).toContain('dhcp-range=192.0.2.0,proxy,255.255.255.0');
  expect(config).toContain('dhcp-ignore=tag:!served');
  expect(config.filter((line) => line.startsWith('pxe-service='))).toEqual([
    'pxe-service=tag:!ipxe,0,kairos,undionly.kpxe',
    'pxe-service=tag:!ipxe,7,kairos,ipxe.efi',
    'pxe-service=tag:!ipxe,9,kairos,ipxe.efi',
    'pxe-service=tag:!ipxe,11,kairos,ipxe-arm64.efi',
  ]);
  expect(config).toContain('dhcp-boot=tag:!ipxe,tag:client16,http://192.0.2.9:8080/ipxe.efi,,192.0.2.9');
  expect(config).toContain('dhcp-boot=tag:ipxe,tag:client11,http://192.0.2.9:8080/arm64.ipxe,,192.0.2.9');
});

test('it has no DNS, listens on one interface, and has no rights to give up', () => {
  expect(lines(SETUP)).toEqual(
    expect.arrayContaining(['port=0', 'interface=eth1', 'bind-interfaces', 'user=root']),
  );
});

test('as the DHCP server of the network, it gives addresses to everybody', () => {
  const config = lines({ ...SETUP, range: { first: '192.0.2.100', last: '192.0.2.200' } });
  expect(config).toContain('dhcp-range=192.0.2.100,192.0.2.200,255.255.255.0,1h');
  expect(config).toContain('dhcp-boot=tag:!ipxe,tag:client0,undionly.kpxe,,192.0.2.9');
  expect(config).toContain('dhcp-option-force=tag:!ipxe,tag:client19,60,HTTPClient');
  expect(config.join('\n')).not.toMatch(/proxy|dhcp-ignore|pxe-service/);
});

test.each([
  ['nobody:x:65534:65534::/:/x\ndnsmasq:x:999:998::/:/x\n', { uid: 999, gid: 998 }],
  ['root:x:0:0::/:/x\nnobody:x:65534:65533::/:/x\n', { uid: 65534, gid: 65533 }],
  ['', { uid: 65534, gid: 65534 }],
])('it runs as an account of the machine: %j', (passwd, account) => {
  expect(serviceAccount(passwd)).toEqual(account);
});

test('a range of addresses is in the network, and leaves the server its own', () => {
  expect(networkOf({ address: '10.20.30.40', netmask: '255.255.240.0' })).toBe('10.20.16.0');
  expect(parseRange('192.0.2.100-192.0.2.200', PLACE)).toEqual({ first: '192.0.2.100', last: '192.0.2.200' });
});

test.each([
  '192.0.2.1',
  '192.0.2.1-192.0.2.20',
  '192.0.2.200-192.0.2.100',
  '192.0.3.1-192.0.3.2',
  'a-b',
  '192.0.2.100-192.0.2.101-192.0.2.102',
])('%s is refused as a range', (text) => {
  expect(() => parseRange(text, PLACE)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
});

test.each([
  [0, 'BIOS'],
  [16, 'UEFI HTTP amd64'],
  [6, 'UEFI for 32-bit x86'],
  [99, 'firmware of architecture 99 (DHCP option 93)'],
])('firmware %i is named', (code, name) => {
  expect(clientName(code)).toBe(name);
});
