import { didYouMean } from '../text/suggest.ts';

const around = (operation: string) => [
  `before-${operation}`,
  `after-${operation}-chroot`,
  `after-${operation}`,
];
const trustedBoot = ['install', 'upgrade', 'reset'].flatMap((operation) => [
  `kairos-uki-${operation}.pre`,
  `kairos-uki-${operation}.after`,
]);

/** The moments at which steps run (docs/contract.md 4.5); each has its `.before` and `.after` besides. */
export const STAGE_NAMES: readonly string[] = [
  'rootfs',
  'initramfs',
  'fs',
  'boot',
  'network',
  'reconcile',
  'kairos-install.pre',
  'kairos-install.after',
  ...['install', 'upgrade', 'reset'].flatMap(around),
  ...trustedBoot,
  'kairos-agent.bootstrap',
  // While an image is built.
  'install',
  'before-init',
  'init',
  'after-init',
];
/** Moments of the Kubernetes provider end in a role. */
const PROVIDER = /^provider-kairos\.bootstrap\.(before|after)\..+$/;

/** Whether anything runs a stage of that name. */
export function isStageName(name: string): boolean {
  const bare = name.replace(/\.(before|after)$/, '');
  return STAGE_NAMES.includes(name) || STAGE_NAMES.includes(bare) || PROVIDER.test(name);
}

/** ` (did you mean "…"?)` for a mistyped stage, or `''`. */
export function suggestStage(name: string): string {
  return didYouMean(
    name,
    STAGE_NAMES.flatMap((stage) => [stage, `${stage}.before`, `${stage}.after`]),
  );
}
