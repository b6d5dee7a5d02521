import { type AddressRange, networkOf } from './address-range.ts';
import type { ClientKind } from './client-kinds.ts';
import { clientTag } from './client-kinds.ts';
import type { NetworkPlace } from './network-place.ts';

/** What dnsmasq needs to know. All texts come from this program, or are checked by it. */
export interface DnsmasqSetup {
  readonly place: NetworkPlace;
  /** The kinds of firmware to answer. */
  readonly kinds: readonly ClientKind[];
  /** URL of the HTTP server, with a slash at its end. */
  readonly url: string;
  /** The directory with iPXE. */
  readonly tftpRoot: string;
  /** The file that remembers addresses given away. */
  readonly leaseFile: string;
  /** Be the DHCP server of the network, instead of answering beside it. */
  readonly range?: AddressRange;
}

/** The name of the script for an architecture on the HTTP server: the field of DHCP has room for 127 characters. */
export function scriptName(arch: string): string {
  return `${arch}.ipxe`;
}

/**
 * The configuration of dnsmasq(8): no DNS; TFTP for iPXE; DHCP that gives firmware the
 * place of iPXE, and iPXE that of its script.
 * Beside another DHCP server it answers firmware only, as a proxy DHCP server (PXE specification 2.1, 2.2.2), and leaves firmware
 * alone that it has no system for. UEFI HTTP boot is answered with the vendor class that it asks with (UEFI specification 24.7.3).
 */
export function dnsmasqConfig(setup: DnsmasqSetup): string {
  const { place, kinds, url, range } = setup;
  // iPXE ignores the boot file of an offer without the address of a server, even if it is a URL (iPXE, dhcp_has_pxeopts).
  const server = `,,${place.address}`;
  const lines = [
    'port=0',
    'log-facility=-',
    'log-dhcp',
    `interface=${place.interface}`,
    'except-interface=lo',
    'bind-interfaces',
    // It starts without the rights of root, and has none to give up.
    'user=root',
    'pid-file=',
    `dhcp-leasefile=${setup.leaseFile}`,
    'enable-tftp',
    `tftp-root=${setup.tftpRoot}`,
    'dhcp-pxe-vendor=PXEClient,HTTPClient',
    'dhcp-userclass=set:ipxe,iPXE',
    ...kinds.map((kind) => `dhcp-match=set:${clientTag(kind)},option:client-arch,${kind.code}`),
    ...kinds.map((kind) => `tag-if=set:served,tag:${clientTag(kind)}`),
    ...kinds.map(
      (kind) => `dhcp-boot=tag:ipxe,tag:${clientTag(kind)},${url}${scriptName(kind.arch)}${server}`,
    ),
    ...kinds
      .filter(({ by }) => by === 'HTTP')
      .map((kind) => `dhcp-boot=tag:!ipxe,tag:${clientTag(kind)},${url}${kind.loader}${server}`),
  ];
  const byTftp = kinds.filter(({ by }) => by === 'TFTP');
  if (range === undefined)
    lines.push(
      `dhcp-range=${networkOf(place)},proxy,${place.netmask}`,
      'dhcp-ignore=tag:!served',
      ...byTftp.map(({ code, loader }) => `pxe-service=tag:!ipxe,${code},kairos,${loader}`),
    );
  else
    lines.push(
      `dhcp-range=${range.first},${range.last},${place.netmask},1h`,
      ...byTftp.map((kind) => `dhcp-boot=tag:!ipxe,tag:${clientTag(kind)},${kind.loader}${server}`),
      ...kinds
        .filter(({ by }) => by === 'HTTP')
        .map((kind) => `dhcp-option-force=tag:!ipxe,tag:${clientTag(kind)},60,HTTPClient`),
    );
  return `${lines.join('\n')}\n`;
}
