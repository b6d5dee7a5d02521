import { didYouMean } from '../text/suggest.ts';

const around = (operation: string) => [
  `before-${operation}`,
  `after-${operation}-chroot`,
  `after-${operation}`,
];
/** The stages that the agent runs (docs/contract.md 4.5). Each also has a `.before` and an `.after` stage. */
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

/** Stages of upstream Kairos that this agent does not run: those of Trusted Boot, of providers and of kairos-init builds. */
const UPSTREAM =
  /^(kairos-uki-(install|upgrade|reset)\.(pre|after)|kairos-agent\.bootstrap|provider-kairos\.bootstrap\.(before|after)\..+|install|before-init|init|after-init)(\.(before|after))?$/;

/** Whether upstream Kairos runs the stage and this agent does not. */
export function isUpstreamStage(name: string): boolean {
  return UPSTREAM.test(name) && !isStageName(name);
}

/** Whether this agent runs the stage. */
export function isStageName(name: string): boolean {
  const bare = name.replace(/\.(before|after)$/, '');
  return STAGE_NAMES.includes(name) || STAGE_NAMES.includes(bare);
}

/** Returns ` (did you mean "…"?)` for a mistyped stage, or `''`. */
export function suggestStage(name: string): string {
  return didYouMean(
    name,
    STAGE_NAMES.flatMap((stage) => [stage, `${stage}.before`, `${stage}.after`]),
  );
}
