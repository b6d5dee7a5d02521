import type { Arch } from '../../common/contract/architectures.ts';

/** The names under which iPXE is served: those of Debian's package `ipxe`. */
export const LOADER_NAMES = ['undionly.kpxe', 'ipxe.efi', 'ipxe-arm64.efi'] as const;
export type LoaderName = (typeof LOADER_NAMES)[number];

/** A kind of firmware that boots over the network, and what it gets. */
export interface ClientKind {
  /** DHCP option 93 (RFC 4578; IANA, "Processor Architecture Types"). */
  readonly code: number;
  readonly arch: Arch;
  /** For people. */
  readonly name: string;
  /** The iPXE that it starts. */
  readonly loader: LoaderName;
  /** How it loads that: PXE by TFTP, UEFI HTTP boot by HTTP. */
  readonly by: 'TFTP' | 'HTTP';
}

/** Every kind of firmware that is served. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  { code: 0, arch: 'amd64', name: 'BIOS', loader: 'undionly.kpxe', by: 'TFTP' },
  { code: 7, arch: 'amd64', name: 'UEFI amd64', loader: 'ipxe.efi', by: 'TFTP' },
  // Some firmware gives the code of EFI byte code (RFC 4578, errata).
  { code: 9, arch: 'amd64', name: 'UEFI amd64', loader: 'ipxe.efi', by: 'TFTP' },
  { code: 11, arch: 'arm64', name: 'UEFI arm64', loader: 'ipxe-arm64.efi', by: 'TFTP' },
  { code: 16, arch: 'amd64', name: 'UEFI HTTP amd64', loader: 'ipxe.efi', by: 'HTTP' },
  { code: 19, arch: 'arm64', name: 'UEFI HTTP arm64', loader: 'ipxe-arm64.efi', by: 'HTTP' },
];

/** The tag that dnsmasq gives to requests of a kind. */
export function clientTag({ code }: Pick<ClientKind, 'code'>): string {
  return `client${code}`;
}

/** Other kinds, which get a message only. */
const OTHER_NAMES: Readonly<Record<number, string>> = {
  6: 'UEFI for 32-bit x86',
  10: 'UEFI for 32-bit ARM',
  15: 'UEFI HTTP for 32-bit x86',
  18: 'UEFI HTTP for 32-bit ARM',
  27: 'UEFI for 64-bit RISC-V',
  28: 'UEFI HTTP for 64-bit RISC-V',
};

/** Names the firmware with a code of option 93, for people. */
export function clientName(code: number): string {
  const name = CLIENT_KINDS.find((kind) => kind.code === code)?.name ?? OTHER_NAMES[code];
  return name ?? `firmware of architecture ${code} (DHCP option 93)`;
}
