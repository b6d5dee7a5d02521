/** Prefix of the system's filesystem labels. */
export const LABEL_PREFIX = 'COS_';

/** Filesystem labels of an installed disk and of live media (docs/contract.md 1.1, 1.4, 3.1). */
export const LABEL = {
  efi: 'COS_GRUB',
  oem: 'COS_OEM',
  recovery: 'COS_RECOVERY',
  state: 'COS_STATE',
  persistent: 'COS_PERSISTENT',
  active: 'COS_ACTIVE',
  passive: 'COS_PASSIVE',
  recoverySystem: 'COS_SYSTEM',
  live: 'COS_LIVE',
  efiLive: 'EFI_LIVE',
} as const;
