/** What a file is for, in the order in which a machine loads them. */
export type Role = 'loader' | 'script' | 'kernel' | 'initrd' | 'root' | 'config';

/** How far a machine has come: its firmware has asked, it has a file, or iPXE has asked. */
export type Stage = 'asked' | 'ipxe' | Role;

/** What a machine does next, and how long that takes at most. */
export interface Wait {
  /** Seconds after which the machine counts as stopped. */
  readonly seconds: number;
  /** Completes "it got FILE N s ago and has not …". */
  readonly next: string;
  /** What to look at. */
  readonly hint: string;
}

const FIREWALL = 'A firewall on this machine may block';

/** What each stage waits for. Nothing is waited for after the last one. */
export const WAITS: Readonly<Record<Stage, Wait | undefined>> = {
  asked: {
    seconds: 40,
    next: 'loaded iPXE',
    hint: `It needs an address: without a DHCP server in the network, use --dhcp-range. ${FIREWALL} UDP ports 67, 69 and 4011.`,
  },
  loader: {
    seconds: 40,
    next: 'asked for its script',
    hint: 'Firmware with Secure Boot does not start iPXE: switch Secure Boot off. Or this iPXE lacks a driver for the network card.',
  },
  ipxe: { seconds: 60, next: 'loaded its script', hint: `${FIREWALL} the TCP port.` },
  script: { seconds: 30, next: 'asked for the kernel', hint: 'Its screen has a message of iPXE.' },
  kernel: { seconds: 30, next: 'asked for the initramfs', hint: 'Its screen has a message of iPXE.' },
  initrd: {
    seconds: 180,
    next: 'asked for the root filesystem',
    hint: 'Its screen has a message of the initramfs: there may be no driver for its network card, no DHCP, or too little memory.',
  },
  root: {
    seconds: 300,
    next: 'asked for its cloud-config',
    hint: 'Its screen says whether it starts: a root that differs from its SHA-256 is not mounted.',
  },
  config: undefined,
};
