import { LABEL } from './labels.ts';
import { NODE_PATH } from './node-paths.ts';
/** Contains the Unix timestamp that the image build set on all files. */
export const EPOCH_FILE = '/usr/lib/kairos/source-date-epoch';

/** The layout environment file of an image. */
export const LAYOUT_FILE = '/usr/lib/kairos/cos-layout.env';

/** Paths that are writable in RAM (docs/contract.md 2.6). */
export const RW_PATHS = ['/var', '/etc', '/srv'] as const;

/** Paths that are writable in RAM in the recovery system (docs/contract.md 2.6). */
export const RECOVERY_RW_PATHS = ['/etc', '/root', '/home', '/opt', '/srv', '/usr/local', '/var'] as const;

/** Where the content of persistent paths is stored (docs/contract.md 2.6). */
export const PERSISTENT_STATE_TARGET = `${NODE_PATH.persistent}/.state`;

/** Paths whose content persists across boots (docs/contract.md 2.6). */
export const PERSISTENT_PATHS = [
  '/etc/cni',
  '/etc/init.d',
  '/etc/iscsi',
  '/etc/k0s',
  '/etc/kubernetes',
  '/etc/modprobe.d',
  '/etc/pwx',
  '/etc/rancher',
  '/etc/runlevels',
  '/etc/ssh',
  '/etc/ssl/certs',
  '/etc/sysconfig',
  '/etc/systemd',
  '/etc/zfs',
  '/home',
  '/opt',
  '/root',
  '/usr/libexec',
  '/var/cores',
  '/var/lib/ca-certificates',
  '/var/lib/cni',
  '/var/lib/containerd',
  '/var/lib/calico',
  '/var/lib/dbus',
  '/var/lib/etcd',
  '/var/lib/extensions',
  '/var/lib/confexts',
  '/var/lib/k0s',
  '/var/lib/kubelet',
  '/var/lib/longhorn',
  '/var/lib/osd',
  '/var/lib/rancher',
  '/var/lib/rook',
  '/var/lib/tailscale',
  '/var/lib/wicked',
  '/var/lib/kairos',
  '/var/log',
] as const;

/** Further directories of a deployed root (docs/contract.md 1.5, 2.6, 4.2, 6.4). */
export const SYSTEM_DIRECTORIES = [
  '/run',
  '/dev',
  '/boot',
  '/proc',
  '/sys',
  '/tmp',
  NODE_PATH.oem,
  '/srv',
  NODE_PATH.persistent,
  NODE_PATH.cloudConfig,
  NODE_PATH.systemOem,
  NODE_PATH.settings,
] as const;

/**
 * Returns all directories that must exist in the image: a mount is skipped at boot if its target is missing
 * (docs/contract.md 2.6).
 * @param extraPersistent the distribution family's own persistent paths
 */
export function requiredDirectories(extraPersistent: readonly string[]): string[] {
  return [
    ...new Set([
      ...SYSTEM_DIRECTORIES,
      ...RW_PATHS,
      ...RECOVERY_RW_PATHS,
      ...PERSISTENT_PATHS,
      ...extraPersistent,
    ]),
  ].sort();
}

/**
 * Renders the layout environment that the initramfs uses when no configuration stage has written one
 * (docs/contract.md 2.6).
 * @param extraPersistent the distribution family's own persistent paths
 */
export function renderLayoutEnvironment(extraPersistent: readonly string[]): string {
  return [
    `VOLUMES="LABEL=${LABEL.persistent}:${NODE_PATH.persistent}"`,
    'OVERLAY="tmpfs:25%"',
    `RW_PATHS="${RW_PATHS.join(' ')}"`,
    `PERSISTENT_STATE_PATHS="${[...PERSISTENT_PATHS, ...extraPersistent].join(' ')}"`,
    `PERSISTENT_STATE_TARGET="${PERSISTENT_STATE_TARGET}"`,
    '',
  ].join('\n');
}
