import { CONFEXT, type ExtensionKind, SYSEXT } from '../../../common/contract/extension-kinds.ts';

/** What a kind of extension may contain (systemd-sysext(8), os-release(5)). */
export interface ExtensionContent {
  readonly kind: ExtensionKind;
  /** The top-level directories that systemd merges; files elsewhere never appear on a node. */
  readonly hierarchies: readonly string[];
  /** Key of the release file that takes precedence over the version of the OS. */
  readonly level: 'SYSEXT_LEVEL' | 'CONFEXT_LEVEL';
  /** Paths that an extension must not contain; systemd refuses a sysext with them (src/sysext/sysext.c). */
  readonly forbidden: readonly string[];
  /** Paths that image layers often contain by accident and that would hide the node's own files. */
  readonly accidental: readonly string[];
}

/** Each has a backup whose name ends in `-`. */
const ACCOUNT_FILES = ['passwd', 'group', 'shadow', 'gshadow', 'subuid', 'subgid'];

/** Content rules by the name of the extension kind. */
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
    // Files that engines write for a container, the machine's identity, and its accounts.
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
