import { LABEL } from './labels.ts';
import { NODE_PATH } from './node-paths.ts';
/** Where the image build leaves the time that it stamps on files. */
export const EPOCH_FILE = '/usr/lib/kairos/source-date-epoch';

/** The layout environment that an image carries. */
export const LAYOUT_FILE = '/usr/lib/kairos/cos-layout.env';

/** Paths that are writable in RAM, and paths that persist (docs/contract.md 2.6). */
export const RW_PATHS = ['/var', '/etc', '/srv'] as const;

/** Writable in RAM when the system runs from recovery (docs/contract.md 2.6). */
export const RECOVERY_RW_PATHS = ['/etc', '/root', '/home', '/opt', '/srv', '/usr/local', '/var'] as const;

export const PERSISTENT_STATE_TARGET = `${NODE_PATH.persistent}/.state`;

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

/** Directories that a deployed root has besides those above (docs/contract.md 1.5, 2.6, 4.2, 6.4). */
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
 * Every directory that must exist in the image: a mount whose target is absent is skipped at boot
 * (docs/contract.md 2.6).
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
 * The layout environment that the initramfs falls back to when no configuration stage has written one
 * (docs/contract.md 2.6).
 * @param extraPersistent the family's own persistent paths
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
