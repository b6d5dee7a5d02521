import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { formatDuration } from '../../common/text/duration-text.ts';
import { decide } from './decide.ts';
import type { Clock, NodeAccess } from './node-access.ts';
import { nodeText, type Observation } from './observation.ts';
import type { RolloutNode, RolloutSpec } from './schema.ts';
import type { NodeRecord, Phase } from './state.ts';

/** What the work on a node needs. */
export interface NodeWork {
  readonly node: RolloutNode;
  readonly access: NodeAccess;
  readonly clock: Clock;
  readonly limits: RolloutSpec['limits'];
  readonly digests: readonly string[];
  /** The record of the node as it is stored. */
  readonly record: () => NodeRecord;
  /** Stores a change; the next step begins only when it is stored. */
  readonly save: (change: Partial<NodeRecord>) => Promise<void>;
}

/** Seconds between two looks at a node: the first, and the longest. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 10;

/** Seconds after which a node that did not reboot is asked again: services may take 90 s to stop. */
const ASK_AGAIN = 120;

const LIMIT_OF: Readonly<Record<Phase, keyof RolloutSpec['limits']>> = {
  waiting: 'connect',
  upgrading: 'upgrade',
  rebooting: 'reboot',
  proving: 'health',
  done: 'health',
  failed: 'health',
};
const MISSED: Readonly<Record<keyof RolloutSpec['limits'], string>> = {
  connect: 'not reached',
  upgrade: 'not upgraded',
  reboot: 'not back from the reboot',
  health: 'not healthy',
};

/**
 * Brings one node to the image: looks at it, does what comes next, and looks again, until it is `done` or `failed`. What it has begun
 * is stored before it begins, so that another process can continue.
 * @throws only what ends the whole rollout, such as an interruption
 */
export async function driveNode(work: NodeWork): Promise<void> {
  const { clock, limits, record } = work;
  let began = clock.now();
  // A limit counts from the moment at which its phase is stored, and so includes the command that the phase begins with.
  const save: NodeWork['save'] = async (change) => {
    if (change.phase !== undefined && change.phase !== record().phase) began = clock.now();
    await work.save(change);
  };
  const fail = (reason: string) => save({ phase: 'failed', reason: nodeText(reason) });
  const attempt: Attempt = { rebootAsked: undefined, upgradeError: undefined };
  let { phase } = record();
  let pause = FIRST_PAUSE;
  for (;;) {
    const outcome = await step({ ...work, save }, attempt);
    if (outcome.kind === 'fail') return await fail(outcome.reason);
    const current = record().phase;
    if (current === 'done') return;
    if (current !== phase) {
      [phase, pause] = [current, FIRST_PAUSE];
      continue;
    }
    const limit = LIMIT_OF[phase];
    if (clock.now() - began >= limits[limit] * 1000)
      return await fail(`${MISSED[limit]} within ${formatDuration(limits[limit])}: ${outcome.problem}`);
    await clock.sleep(pause);
    pause = Math.min(pause * 1.5, LONGEST_PAUSE);
  }
}

/** What this process has done to the node. */
interface Attempt {
  /** When it was asked to reboot. */
  rebootAsked: number | undefined;
  upgradeError: string | undefined;
}

type Outcome =
  | { readonly kind: 'fail'; readonly reason: string }
  /** Look again; what is not yet as it should be. */
  | { readonly kind: 'again'; readonly problem: string };

async function step(work: NodeWork, attempt: Attempt): Promise<Outcome> {
  const { node, access, record, digests } = work;
  try {
    return await act(work, await access.observe(node), attempt);
  } catch (error) {
    if (!(error instanceof FactoryError) || error.kind === 'interrupted') throw error;
    const problem = describe(error);
    return error.code === 'NODE_UNREACHABLE' ? again(problem) : { kind: 'fail', reason: problem };
  }

  async function act(_: NodeWork, found: Observation, tried: Attempt): Promise<Outcome> {
    await noteSystem(work, found);
    const next = decide(record(), found, digests);
    switch (next.kind) {
      case 'fail':
        return next;
      case 'wait':
        return again(next.why);
      case 'upgrade':
        return upgrade(work, found, tried);
      case 'reboot':
        return reboot(work, found, tried);
      case 'check health':
        return prove(work, found);
    }
  }
}

/** Stores which system runs, when that is news. */
async function noteSystem({ record, save }: NodeWork, { running }: Observation): Promise<void> {
  if (JSON.stringify(record().now) !== JSON.stringify(running)) await save({ now: running });
}

async function upgrade(
  { node, access, limits, record, save }: NodeWork,
  found: Observation,
  attempt: Attempt,
) {
  // The agent refused, and what it left is not the image.
  if (attempt.upgradeError !== undefined) return { kind: 'fail', reason: attempt.upgradeError } as const;
  const { before = found.running } = record();
  await save({ phase: 'upgrading', bootId: found.bootId, before });
  try {
    await access.upgrade(node, { timeout: limits.upgrade });
  } catch (error) {
    if (!(error instanceof FactoryError) || error.kind === 'interrupted' || error.code === 'NODE_UNREACHABLE')
      throw error;
    // Another process may be at it, or have finished: the node itself says so at the next look.
    attempt.upgradeError = describe(error);
    return again(attempt.upgradeError);
  }
  await save({ phase: 'rebooting', bootId: found.bootId });
  return again('it has not rebooted yet');
}

async function reboot({ node, access, clock, save }: NodeWork, { bootId }: Observation, attempt: Attempt) {
  await save({ phase: 'rebooting', bootId });
  const { rebootAsked = Number.NEGATIVE_INFINITY } = attempt;
  if (clock.now() - rebootAsked >= ASK_AGAIN * 1000) {
    attempt.rebootAsked = clock.now();
    await access.reboot(node, bootId);
  }
  return again('it has not rebooted yet');
}

async function prove(
  { node, access, save, record, digests }: NodeWork,
  { bootId }: Observation,
): Promise<Outcome> {
  await save({ phase: 'proving' });
  const problems = await access.health(node);
  if (problems.length > 0) return again(problems.join('; '));
  // The checks may take minutes: what they found must be true of this boot.
  const after = await access.observe(node);
  const isSame = after.bootId === bootId && decide(record(), after, digests).kind === 'check health';
  if (isSame) await save({ phase: 'done' });
  return again('it has rebooted while its health was checked');
}

function again(problem: string): Outcome {
  return { kind: 'again', problem };
}

/** What failed, why, and what to do. */
function describe(error: FactoryError): string {
  const details = error.details.slice(-DETAILS).join('; ');
  const what = [messageOf(error), details].filter(Boolean).join(': ');
  return error.remedy === undefined ? what : `${what}. ${error.remedy}`;
}

/** Lines of a failed command that a reason repeats. */
const DETAILS = 3;
