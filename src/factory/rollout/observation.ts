import { stripVTControlCharacters } from 'node:util';
import { z } from 'zod';
import { isDigest } from '../../common/oci/registry/image-reference.ts';
import { parseJson } from '../../common/text/parse-json.ts';
import type { System } from './state.ts';

/** What is left of a text of a node: enough for a sentence. */
const TEXT_LIMIT = 400;

/** Makes a text of a node safe to print: one line, without control characters, and not long. */
export function nodeText(text: string): string {
  const plain = stripVTControlCharacters(text)
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim();
  return plain.length > TEXT_LIMIT ? `${plain.slice(0, TEXT_LIMIT)}…` : plain;
}

const Text = z.string().transform(nodeText);
const Digest = z.string().refine(isDigest);
const SlotSystem = z.object({
  version: Text.optional(),
  origin: z.object({ digest: Digest.optional().catch(undefined) }).optional(),
});
const Slot = z.union([z.object({ problem: Text }), SlotSystem]);

/** `kairos-agent state summary --json` (docs/node.md), as far as a rollout needs it. */
const Summary = z.object({
  boot: Text,
  running: SlotSystem,
  slots: z.object({ active: Slot }).optional(),
  problem: Text.optional(),
  upgrade: z
    .object({ outcome: Text, when: Text.optional(), from: Text.optional(), to: Text.optional() })
    .nullish(),
});
type Summary = z.output<typeof Summary>;

/** What a node says about itself. */
export interface Observation {
  readonly bootId: string;
  /** Whether the service manager is still starting services. */
  readonly isStarting: boolean;
  readonly running: System;
  /** The system in the active slot, or why it cannot be read, as while an upgrade replaces it. */
  readonly active: { readonly digest?: string | undefined } | { readonly problem: string };
  readonly upgrade: NonNullable<Summary['upgrade']> | undefined;
}

/** What {@link parseObservation} reads: lines of the commands of `observeCommand`. */
const BOOT_ID = /^[0-9a-f-]{36}$/;

/**
 * Parses what a node prints: the boot id, the state of systemd (empty without it), and the summary of the agent.
 * @returns what is wrong, for a machine that is not such a node
 */
export function parseObservation(text: string): Observation | { readonly problem: string } {
  const [bootId = '', manager = '', ...rest] = text.split('\n');
  if (!BOOT_ID.test(bootId)) return { problem: 'it reports no boot id' };
  const found = Summary.safeParse(parseJson(rest.join('\n')));
  if (!found.success)
    return {
      problem: 'its kairos-agent does not report the state that a rollout needs ("state summary --json")',
    };
  const { boot, running, slots, problem = 'the agent does not show it', upgrade } = found.data;
  return {
    bootId,
    isStarting: ['initializing', 'starting'].includes(manager.trim()),
    running: systemOf(boot, running),
    active: activeOf(slots?.active ?? { problem }),
    upgrade: upgrade ?? undefined,
  };
}

function systemOf(boot: string, { version, origin }: z.output<typeof SlotSystem>): System {
  const slot = boot.replace(/_boot$/, '');
  return { slot, ...(version && { version }), ...(origin?.digest && { digest: origin.digest }) };
}

function activeOf(slot: z.output<typeof Slot>): Observation['active'] {
  return 'problem' in slot ? { problem: slot.problem } : { digest: slot.origin?.digest };
}
