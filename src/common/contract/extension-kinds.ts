import type { BootState } from './boot-state.ts';

/** A kind of extension: images that systemd lays over a hierarchy (systemd-sysext(8)). */
export interface ExtensionKind {
  readonly name: 'sysext' | 'confext';
  /** Where the agent keeps them, across upgrades (docs/contract.md 2.7). */
  readonly store: string;
  /** Where systemd looks for those of this boot. */
  readonly run: string;
  readonly program: string;
  /** Directory of the file that makes a tree an extension. */
  readonly release: string;
  /** Variable by which systemd is told which directories to lay extensions over, and those. */
  readonly hierarchies?: { readonly variable: string; readonly paths: readonly string[] };
}

/** Below both of these; `/usr/local` itself, which persists, has to stay writable, and visible, while one is merged. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64', 'share', 'include', 'src'];

export const SYSEXT: ExtensionKind = {
  name: 'sysext',
  store: '/var/lib/kairos/extensions',
  run: '/run/extensions',
  program: 'systemd-sysext',
  release: 'usr/lib/extension-release.d',
  // docs/contract.md 2.7; and /opt, as systemd has it by itself.
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

/** What an extension can be enabled for: directories of the store (docs/contract.md 2.7). */
export const SCOPES = ['active', 'passive', 'recovery', 'common'] as const;
export type Scope = (typeof SCOPES)[number];

/** The scopes that hold for what was booted. */
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
