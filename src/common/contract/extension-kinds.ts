import type { BootState } from './boot-state.ts';

/** A kind of extension: images that systemd merges into a hierarchy (systemd-sysext(8)). */
export interface ExtensionKind {
  readonly name: 'sysext' | 'confext';
  /** Where the agent stores them across upgrades (docs/contract.md 2.7). */
  readonly store: string;
  /** Where systemd looks for the extensions of this boot. */
  readonly run: string;
  readonly program: string;
  /** Directory of the file that marks a tree as an extension. */
  readonly release: string;
  /** The directories to merge extensions into, and the variable that passes them to systemd. */
  readonly hierarchies?: { readonly variable: string; readonly paths: readonly string[] };
}

/** Merged directories of `/usr` and `/usr/local`; the persistent `/usr/local` itself must stay writable and visible. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64', 'share', 'include', 'src'];

export const SYSEXT: ExtensionKind = {
  name: 'sysext',
  store: '/var/lib/kairos/extensions',
  run: '/run/extensions',
  program: 'systemd-sysext',
  release: 'usr/lib/extension-release.d',
  // docs/contract.md 2.7, plus /opt, which is systemd's default.
  hierarchies: {
    variable: 'SYSTEMD_SYSEXT_HIERARCHIES',
    paths: [...['/usr', '/usr/local'].flatMap((top) => MERGED.map((name) => `${top}/${name}`)), '/opt'],
  },
};

export const CONFEXT: ExtensionKind = {
  name: 'confext',
  store: '/var/lib/kairos/confexts',
  run: '/run/confexts',
  program: 'systemd-confext',
  release: 'etc/extension-release.d',
};

/** The scopes that an extension can be enabled for; also the directories of the store (docs/contract.md 2.7). */
export const SCOPES = ['active', 'passive', 'recovery', 'common'] as const;
export type Scope = (typeof SCOPES)[number];

/** Returns the scopes that apply to a boot state. */
export function scopesOf(state: BootState): Scope[] {
  switch (state) {
    case 'active_boot':
      return ['active', 'common'];
    case 'passive_boot':
      return ['passive', 'common'];
    case 'recovery_boot':
    case 'autoreset_boot':
      return ['recovery', 'common'];
    default:
      return ['common'];
  }
}
