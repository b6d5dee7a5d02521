import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { RunContainer } from './kubelet.ts';

/** What a node does with a new system. */
export type Habit = 'good' | 'falls back' | 'refuses';

/** A node whose agent, boot loader and disk are a few variables. */
export interface ScriptedNode {
  habit: Habit;
  /** Its boot, as in its boot id. */
  boot: number;
  slot: 'active' | 'passive';
  /** Digests of the system that runs, and of the one in the active slot. */
  running: string;
  active: string;
  /** Names of pods whose command has written a system, one for each time. */
  readonly written: string[];
  /** Pods that have asked for a reboot, one for each time. */
  readonly reboots: string[];
  /** Kept on its disk: the boot in which a reboot was asked for, by the note of the operation. */
  readonly notes: Map<string, number>;
}

/** Nodes whose containers are scripts in this process, as the pods of an upgrade see real ones. */
export interface ScriptedNodes {
  readonly nodes: ReadonlyMap<string, ScriptedNode>;
  readonly run: RunContainer;
  /** The boot id of a node. */
  readonly bootId: (name: string) => string;
}

/** Milliseconds that writing, and a reboot, take. */
const WORK = 400;

/**
 * Makes nodes that run a system.
 * @param digest of the system
 */
export function scriptedNodes(names: readonly string[], digest: string): ScriptedNodes {
  const nodes = new Map(names.map((name) => [name, newNode(digest)]));
  const run: RunContainer = async ({ pod, container, node: name, signal }) => {
    const node = nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    const { labels = {} } = pod.metadata;
    // What else runs on a node stays until it is asked to go.
    if (labels['kairos.io/nodeop'] === undefined) return await untilAborted(signal);
    const note = container.env?.find((each) => each.name === 'NODEOP_NOTE')?.value ?? '';
    if (labels['kairos.io/preflight'] !== undefined) return { exitCode: 0 };
    if (labels['kairos.io/reboot'] !== undefined)
      return await reboot(node, { note, pod: pod.metadata.name, signal });
    await setTimeout(WORK);
    if (node.habit === 'refuses') return { exitCode: 5, message: 'the image is not signed' };
    node.written.push(pod.metadata.name);
    node.active = container.image.split('@')[1] ?? '';
    return { exitCode: 0 };
  };
  return { nodes, run, bootId: (name) => bootId(nodes.get(name)?.boot ?? 0) };
}

async function untilAborted(signal: AbortSignal): Promise<{ readonly exitCode: number }> {
  if (!signal.aborted) await once(signal, 'abort');
  return { exitCode: 143 };
}

function newNode(digest: string): ScriptedNode {
  return {
    ...{ habit: 'good', boot: 1, slot: 'active', running: digest, active: digest },
    ...{ written: [], reboots: [], notes: new Map() },
  };
}

/** What the script of the reboot pod does: it ends with the node, and the kubelet starts it again after that. */
async function reboot(
  node: ScriptedNode,
  { note, pod, signal }: { readonly note: string; readonly pod: string; readonly signal: AbortSignal },
): Promise<{ readonly exitCode: number; readonly message?: string }> {
  if (!node.notes.has(note)) node.notes.set(note, node.boot);
  const before = node.notes.get(note) ?? 0;
  if (before !== node.boot) return { exitCode: 0, message: reportOf(node, before) };
  await setTimeout(WORK, undefined, { signal }).catch(() => undefined);
  if (signal.aborted) return { exitCode: 137 };
  node.reboots.push(pod);
  node.boot += 1;
  node.slot = node.habit === 'falls back' ? 'passive' : 'active';
  if (node.habit !== 'falls back') node.running = node.active;
  return { exitCode: 1 };
}

function reportOf({ boot, slot, running, active }: ScriptedNode, before: number): string {
  const origin = (digest: string) => ({ origin: { digest } });
  const summary = {
    boot: `${slot}_boot`,
    running: { version: 'v1', ...origin(running) },
    slots: { active: origin(active) },
    upgrade: { outcome: slot === 'passive' ? 'fell back' : 'booted', from: 'v1', to: 'v2' },
  };
  return [
    ...[`before=${bootId(before)}`, `boot=${bootId(boot)}`, `booted=${Math.floor(Date.now() / 1000)}`],
    ...[
      'manager=running',
      `slot=${slot}`,
      'version=v1',
      'expected=v2',
      'evidence=yes',
      JSON.stringify(summary),
    ],
  ].join('\n');
}

function bootId(boot: number): string {
  return `00000000-0000-4000-8000-${String(boot).padStart(12, '0')}`;
}
