import type { Role } from './boot-stages.ts';

/** Something that a machine does, as the servers see it. */
export type NetbootEvent =
  /** It asks for a boot program. */
  | {
      readonly kind: 'asked';
      readonly mac: string;
      /** DHCP option 93. */
      readonly code: number;
      readonly isIpxe: boolean;
      /** Whether there is an answer for it. */
      readonly isServed: boolean;
    }
  /** Our DHCP server has given it an address. */
  | { readonly kind: 'address'; readonly mac: string; readonly ip: string }
  /** It loads a file. */
  | {
      readonly kind: 'transfer';
      readonly ip: string;
      readonly file: string;
      readonly role: Role;
      readonly by: 'TFTP' | 'HTTP';
      /** The same for all events of one transfer. */
      readonly transfer: number;
      readonly state: 'running' | 'done' | 'broken';
      readonly sent: number;
      /** How many bytes it has asked for. */
      readonly of: number;
      /** Whether the bytes end before the file does. */
      readonly isPart: boolean;
    }
  /** It asks for a file that does not exist. */
  | { readonly kind: 'missing'; readonly ip: string; readonly file: string; readonly by: 'TFTP' | 'HTTP' };
