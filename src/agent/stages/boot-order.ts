import type { CommandLine } from '../config/command-line.ts';
import type { Fetching } from '../config/remote.ts';

/**
 * Stages that run before the network is up (docs/contract.md 4.5): a fetch would delay the boot. URLs are read in all other
 * stages, and also in these when the machine was booted over the network.
 */
const OFFLINE = ['rootfs', 'initramfs', 'fs', 'boot'];
/** Stages of every boot that what is fetched is kept from; other stages may run at any time, or never. */
const BOOT = [...OFFLINE, 'network', 'reconcile'];
/** Stages whose steps are made up for when their configuration arrives later. It is too late for a layout in `rootfs`. */
const REPEATABLE = ['initramfs', 'fs', 'boot', 'network'];
/** Kernel arguments that bring the network up in the initramfs: dracut.cmdline(7), and the contract's `netboot`. */
const EARLY_NETWORK = /\bnetboot\b|\brd\.neednet=1\b|\broot=live:https?:/;

/** Whether a stage, with its `.before` and `.after`, fetches URLs, and whether it keeps them for the rest of the boot. */
export function fetchingIn(stage: string, { text }: Pick<CommandLine, 'text'>): Required<Fetching> {
  const name = baseOf(stage);
  const online = !OFFLINE.includes(name) || EARLY_NETWORK.test(text);
  return { fetch: online ? 'once' : 'never', keep: BOOT.includes(name) };
}

/** Whether a stage is part of every boot. */
export function isBootStage(stage: string): boolean {
  return BOOT.includes(stage);
}

/** The earlier stages that a configuration has missed when it arrives in this one (docs/contract.md 4.5, 4.9). */
export function missedBefore(stage: string): readonly string[] {
  const at = BOOT.indexOf(baseOf(stage));
  return REPEATABLE.filter((name) => BOOT.indexOf(name) < at);
}

function baseOf(stage: string): string {
  return stage.replace(/\.(before|after)$/, '');
}
