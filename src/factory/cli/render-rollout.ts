import { describeSystem } from '../rollout/decide.ts';
import type { Survey } from '../rollout/plan-rollout.ts';
import { type NodeRecord, progressOf, type RolloutState } from '../rollout/state.ts';
import { table } from './table.ts';

/** Characters of a digest that a table shows: `sha256:` and twelve digits. */
const DIGEST = 19;

/** One line about the new phase of a node. */
export function progressLine({ plan, nodes }: RolloutState, name: string): string {
  const record = nodes[name];
  if (record === undefined) return name;
  const wave = `wave ${waveOf(plan.waves, name)} of ${plan.waves.length}`;
  return `${record.since.slice(11, 19)}  ${wave}  ${name}: ${describePhase(record)}`;
}

function describePhase({ phase, before, now, reason = '' }: NodeRecord): string {
  switch (phase) {
    case 'upgrading':
      return before === undefined ? 'upgrading' : `upgrading, from ${describeSystem(before)}`;
    case 'rebooting':
      return 'rebooting into the new system';
    case 'proving':
      return 'booted the image from the active slot; checking its health';
    case 'done':
      return now === undefined ? 'done' : `done: healthy with ${describeSystem(now)}`;
    case 'failed':
      return `FAILED: ${reason}`;
    case 'waiting':
      return 'waiting';
  }
}

function waveOf(waves: readonly (readonly string[])[], name: string): number {
  return waves.findIndex((wave) => wave.includes(name)) + 1;
}

/** The table of a plan: what each node runs now, and what it gets. */
export function renderPlan({ plan }: RolloutState, survey: Survey): string {
  const rows = plan.waves.flatMap((wave, index) =>
    wave.map((name) => {
      const found = survey.get(name) ?? { problem: 'not asked' };
      if ('problem' in found) return [String(index + 1), name, '-', `NOT REACHED: ${found.problem}`];
      const isThere = found.slot === 'active' && plan.digests.includes(found.digest ?? '');
      return [String(index + 1), name, describeSystem(found), isThere ? 'has the image already' : 'upgrade'];
    }),
  );
  return [
    `image    ${plan.image}\n`,
    `pinned   ${plan.pinned}\n\n`,
    table([['WAVE', 'NODE', 'RUNS', 'NEXT'], ...rows]),
  ].join('');
}

/** How a rollout is, beyond its state. */
export interface RolloutActivity {
  readonly paused: boolean;
  /** Whether a process runs it. */
  readonly running: boolean;
}

/** The table of a rollout under way. */
export function renderStatus(state: RolloutState, { paused, running }: RolloutActivity): string {
  const { plan, nodes } = state;
  const rows = plan.waves.flatMap((wave, index) =>
    wave.map((name) => {
      const { phase, now, since, reason = '' } = nodes[name] ?? { phase: 'waiting', since: '' };
      const digest = now?.digest?.slice(0, DIGEST) ?? '-';
      return [
        String(index + 1),
        name,
        phase,
        now?.slot ?? '-',
        digest,
        since.slice(0, 19).replace('T', ' '),
        reason,
      ];
    }),
  );
  const activity = [...(paused ? ['paused'] : []), running ? 'a process runs it' : 'no process runs it'].join(
    ', ',
  );
  return [
    `image    ${plan.image}\n`,
    `pinned   ${plan.pinned}\n`,
    `rollout  ${progressOf(state)} (${activity})\n\n`,
    table([['WAVE', 'NODE', 'PHASE', 'SLOT', 'DIGEST', 'SINCE (UTC)', 'REASON'], ...rows]),
  ].join('');
}

/** The same for programs. */
export function statusJson(state: RolloutState, activity: RolloutActivity): object {
  const { plan, nodes } = state;
  const { waves, ...image } = plan;
  return {
    rollout: progressOf(state),
    ...activity,
    ...image,
    waves: waves.length,
    nodes: waves.flatMap((wave, index) => wave.map((name) => ({ name, wave: index + 1, ...nodes[name] }))),
  };
}
