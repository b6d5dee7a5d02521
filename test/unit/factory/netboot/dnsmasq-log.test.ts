import { expect, test } from 'vitest';
import { dnsmasqLog, isReadyLine } from '../../../../src/factory/netboot/dnsmasq-log.ts';

/** Reads lines as dnsmasq 2.90 prints them. */
const eventsOf = (text: string) => {
  const read = dnsmasqLog([0, 7]);
  return text.trim().split('\n').map(read).filter(Boolean);
};
const MAC = '52:54:00:aa:00:01';

test('a question of firmware, and one of iPXE', () => {
  expect(
    eventsOf(`
dnsmasq-dhcp[1132]: 11141128 available DHCP subnet: 10.9.0.0/255.255.255.0
dnsmasq-dhcp[1132]: 11141128 vendor class: PXEClient:Arch:00007:UNDI:003001
dnsmasq-dhcp[1132]: 11141128 PXE(srv) 52:54:00:aa:00:01 proxy
dnsmasq-dhcp[1132]: 11141128 tags: amd64, srv
dnsmasq-dhcp[1132]: 11141129 vendor class: PXEClient:Arch:00000:UNDI:002001
dnsmasq-dhcp[1132]: 11141129 user class: iPXE
dnsmasq-dhcp[1132]: 11141129 PXE(srv) 10.9.0.5 52:54:00:aa:00:01 proxy`),
  ).toEqual([
    { kind: 'asked', mac: MAC, code: 7, isIpxe: false, isServed: true },
    { kind: 'asked', mac: MAC, code: 0, isIpxe: true, isServed: true },
  ]);
});

test('a question that does not name the kind of the firmware', () => {
  expect(
    eventsOf(`
dnsmasq-dhcp[1]: 651178354 vendor class: PXEClient
dnsmasq-dhcp[1]: 651178354 user class: iPXE
dnsmasq-dhcp[1]: 651178354 PXE(lan) 52:54:00:aa:00:01 proxy
dnsmasq-dhcp[1]: 651178354 tags: served, ipxe, client0, lan
dnsmasq-dhcp[1]: 651178354 tags: served, ipxe, client0, lan
dnsmasq-dhcp[1]: 7 vendor class: PXEClient
dnsmasq-dhcp[1]: 7 PXE(lan) 52:54:00:aa:00:02 proxy
dnsmasq-dhcp[1]: 7 tags: lan
dnsmasq-dhcp[1]: 8 tags: served, client0, lan`),
  ).toEqual([{ kind: 'asked', mac: MAC, code: 0, isIpxe: true, isServed: true }]);
});

test('firmware that gets no answer', () => {
  expect(
    eventsOf(`
dnsmasq-dhcp[3327]: 11141132 vendor class: HTTPClient:Arch:00019:UNDI:003001
dnsmasq-dhcp[3327]: 11141132 PXE(srv) 52:54:00:aa:00:01 proxy-ignored`),
  ).toEqual([{ kind: 'asked', mac: MAC, code: 19, isIpxe: false, isServed: false }]);
});

test('our own DHCP server: other clients count for their address only', () => {
  expect(
    eventsOf(`
dnsmasq-dhcp[1]: 5 vendor class: udhcp 1.35.0
dnsmasq-dhcp[1]: 5 DHCPDISCOVER(srv) 52:54:00:aa:00:02
dnsmasq-dhcp[1]: 6 vendor class: PXEClient:Arch:00007:UNDI:003001
dnsmasq-dhcp[1]: 6 DHCPDISCOVER(srv) 10.9.0.7 52:54:00:aa:00:01
dnsmasq-dhcp[1]: 6 DHCPOFFER(srv) 10.9.0.7 52:54:00:aa:00:01
dnsmasq-dhcp[1]: 6 DHCPACK(srv) 10.9.0.7 52:54:00:aa:00:01 node`),
  ).toEqual([
    { kind: 'asked', mac: MAC, code: 7, isIpxe: false, isServed: true },
    { kind: 'address', mac: MAC, ip: '10.9.0.7' },
  ]);
});

test('TFTP: files that were sent, not sent, and not there', () => {
  expect(
    eventsOf(`
dnsmasq-tftp[1]: sent /run/x/tftp/ipxe.efi to 10.9.0.2
dnsmasq-tftp[1]: failed sending /run/x/tftp/ipxe.efi to 10.9.0.2
dnsmasq-tftp[1]: file /run/x/tftp/pxelinux.0 not found for 10.9.0.2
dnsmasq-tftp[1]: error 8 User aborted the transfer received from 10.9.0.2`),
  ).toEqual([
    { kind: 'sent', ip: '10.9.0.2', file: 'ipxe.efi', state: 'done' },
    { kind: 'sent', ip: '10.9.0.2', file: 'ipxe.efi', state: 'broken' },
    { kind: 'missing', ip: '10.9.0.2', file: 'pxelinux.0', by: 'TFTP' },
  ]);
});

test('requests that nothing follows are forgotten', () => {
  const read = dnsmasqLog([7]);
  const vendor = (id: number) =>
    read(`dnsmasq-dhcp[1]: ${id} vendor class: PXEClient:Arch:00007:UNDI:003001`);
  for (let id = 0; id < 2000; id += 1) vendor(id);
  expect(read('dnsmasq-dhcp[1]: 3 PXE(srv) 52:54:00:aa:00:01 proxy')).toBeUndefined();
  expect(read('dnsmasq-dhcp[1]: 1999 PXE(srv) 52:54:00:aa:00:01 proxy')).toMatchObject({ code: 7 });
});

test('other lines say nothing, but one of them that all ports are open', () => {
  expect(eventsOf('dnsmasq[1]: started, version 2.90 DNS disabled\nsomething else')).toEqual([]);
  expect(isReadyLine('dnsmasq-tftp[1]: TFTP root is /run/x/tftp  ')).toBe(true);
  expect(isReadyLine('dnsmasq[1]: started')).toBe(false);
});
