import { didYouMean } from '../text/suggest.ts';

const around = (operation: string) => [
  `before-${operation}`,
  `after-${operation}-chroot`,
  `after-${operation}`,
];
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
];

/** Stages of upstream Kairos that this agent does not run: of Trusted Boot, of providers, and of kairos-init's builds. */
const UPSTREAM =
  /^(kairos-uki-(install|upgrade|reset)\.(pre|after)|kairos-agent\.bootstrap|provider-kairos\.bootstrap\.(before|after)\..+|install|before-init|init|after-init)(\.(before|after))?$/;

/** Whether upstream Kairos runs a stage that this agent does not run. */
export function isUpstreamStage(name: string): boolean {
  return UPSTREAM.test(name) && !isStageName(name);
}

/** Whether anything runs a stage of that name. */
export function isStageName(name: string): boolean {
  const bare = name.replace(/\.(before|after)$/, '');
  return STAGE_NAMES.includes(name) || STAGE_NAMES.includes(bare);
}

/** ` (did you mean "…"?)` for a mistyped stage, or `''`. */
export function suggestStage(name: string): string {
  return didYouMean(
    name,
    STAGE_NAMES.flatMap((stage) => [stage, `${stage}.before`, `${stage}.after`]),
  );
}
