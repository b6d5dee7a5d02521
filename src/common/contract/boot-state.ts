/** The system that the machine has booted (docs/contract.md 2.4). */
export type BootState =
  | 'active_boot'
  | 'passive_boot'
  | 'recovery_boot'
  | 'livecd_boot'
  | 'autoreset_boot'
  | 'unknown';
