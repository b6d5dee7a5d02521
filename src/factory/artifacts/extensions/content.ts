import { CONFEXT, type ExtensionKind, SYSEXT } from '../../../common/contract/extension-kinds.ts';

/** What a kind of extension may hold (systemd-sysext(8), os-release(5)). */
export interface ExtensionContent {
  readonly kind: ExtensionKind;
  /** The directories at the top that systemd merges; all others are never seen on a node. */
  readonly hierarchies: readonly string[];
  /** Key of the release file that goes before the version of the OS. */
  readonly level: 'SYSEXT_LEVEL' | 'CONFEXT_LEVEL';
  /** Paths that an extension must not bring; systemd refuses the first kind with it (src/sysext/sysext.c). */
  readonly forbidden: readonly string[];
  /** Paths that every layer of an image has by accident, and that would take the place of the node's own. */
  readonly accidental: readonly string[];
}

/** Each has a backup beside it, whose name ends in `-`. */
const ACCOUNT_FILES = ['passwd', 'group', 'shadow', 'gshadow', 'subuid', 'subgid'];

/** Content by name of the kind. */
export const CONTENT: Readonly<Record<ExtensionKind['name'], ExtensionContent>> = {
  sysext: {
    kind: SYSEXT,
    hierarchies: ['usr', 'opt'],
    level: 'SYSEXT_LEVEL',
    forbidden: ['usr/lib/os-release'],
    accidental: [],
  },
  confext: {
    kind: CONFEXT,
    hierarchies: ['etc'],
    level: 'CONFEXT_LEVEL',
    forbidden: [],
    // What engines write for a container, what identifies a machine, and its accounts.
    accidental: [
      'hostname',
      'hosts',
      'resolv.conf',
      'mtab',
      'machine-id',
      'os-release',
      'ld.so.cache',
      '.pwd.lock',
      ...ACCOUNT_FILES,
      ...ACCOUNT_FILES.map((name) => `${name}-`),
    ].map((name) => `etc/${name}`),
  },
};
