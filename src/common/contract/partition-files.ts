/** System images, relative to the root of `COS_STATE` or `COS_RECOVERY` (docs/contract.md 1.4). */
export const SLOT_FILE = {
  active: 'cOS/active.img',
  passive: 'cOS/passive.img',
  recovery: 'cOS/recovery.img',
  /** The menu prefers it to `recovery`. */
  recoverySquashfs: 'cOS/recovery.squashfs',
  /** A system that is being written. */
  transition: 'cOS/transition.img',
  /** A partial download of it. */
  download: 'cOS/download',
} as const;

/** Note of where the system in a slot came from, relative to its root; the agent writes it. */
export const SLOT_ORIGIN = 'usr/lib/kairos/origin.json';

/** Boot loader files, relative to the root of `COS_STATE` (docs/contract.md 1.4, 2.1). */
export const GRUB_FILE = {
  directory: 'grub2',
  menu: 'grub2/grub.cfg',
  fonts: 'grub2/fonts',
  /** Further menu entries. */
  branding: 'grubmenu',
  /** Environment block with the titles of the menu entries. */
  rebranding: 'grub_oem_env',
} as const;

/** Files relative to the root of `COS_OEM` (docs/contract.md 1.4). */
export const OEM_FILE = {
  /** Environment block with the variables of the boot menu. */
  grubEnvironment: 'grubenv',
  config: '90_custom.yaml',
  customMounts: '10_user_custom_mounts.yaml',
  sshHardening: '10_ssh_hardening.yaml',
} as const;

/** Mode of configurations on `COS_OEM`, which may contain passwords and tokens. */
export const OEM_CONFIG_MODE = 0o640;

/** Files and directories relative to the root of `COS_PERSISTENT` (docs/contract.md 1.4, 2.6). */
export const PERSISTENT_FILE = {
  /** Times at which the node was installed, upgraded and reset. */
  history: '.kairos-state',
  /** The store of `/var/log`. */
  logs: '.state/var-log.bind',
} as const;
