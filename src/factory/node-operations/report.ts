import { type Decision, decide, describeSystem } from '../rollout/decide.ts';
import { nodeText, type Observation, parseObservation } from '../rollout/observation.ts';

/** What a node reported after its reboot. */
export interface Report {
  /** The boot in which the reboot was asked for. */
  readonly before: string;
  readonly bootId: string;
  /** When it booted, by the node's clock, in milliseconds. */
  readonly bootedAt: number;
  /** Whether services are still starting. */
  readonly isStarting: boolean;
  /** By the marker of the boot state, which every Kairos node has. */
  readonly slot: string;
  readonly version: string;
  /** The version of the image that the upgrade wrote. */
  readonly expected: string;
  /** Whether the agent that wrote it verified the digest, and so notes it. */
  readonly withEvidence: boolean;
  /** What the agent says; `undefined` for one that does not know the command. */
  readonly observation: Observation | undefined;
}

/** Parses what the reboot pod wrote. @returns `undefined` for another text */
export function parseReport(text: string): Report | undefined {
  const lines = text.split('\n');
  const value = (key: string) =>
    nodeText(lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1) ?? '');
  const [before, bootId, manager] = [value('before'), value('boot'), value('manager')];
  if (before === '' || bootId === '') return undefined;
  const summary = lines.find((line) => line.startsWith('{')) ?? '';
  const observation = parseObservation(`${bootId}\n${manager}\n${summary}`);
  return {
    ...{ before, bootId, slot: value('slot'), version: value('version'), expected: value('expected') },
    bootedAt: (Number.parseInt(value('booted'), 10) || 0) * 1000,
    isStarting: ['initializing', 'starting'].includes(manager),
    withEvidence: value('evidence') === 'yes',
    observation: 'problem' in observation ? undefined : observation,
  };
}

/** Whether a node runs what it should. */
export type Judgement = Extract<Decision, { readonly kind: 'wait' | 'fail' | 'check health' }>;

/**
 * Judges what a node runs after its reboot.
 * @param digests those of the image; without them, a node that is back is as it should be
 */
export function judgeReport(report: Report, digests: readonly string[] | undefined): Judgement {
  const { observation, before, bootId, isStarting, withEvidence } = report;
  if (bootId === before) return { kind: 'wait', why: 'it has not rebooted' };
  if (isStarting) return { kind: 'wait', why: 'it is still starting' };
  if (digests === undefined) return { kind: 'check health' };
  if (!withEvidence) return judgeVersion(report);
  if (observation === undefined)
    return { kind: 'fail', reason: 'its agent does not report which system it runs' };
  const decision = decide({ phase: 'rebooting', bootId: before }, observation, digests);
  return decision.kind === 'upgrade' || decision.kind === 'reboot'
    ? { kind: 'wait', why: 'the upgrade is not in its active slot' }
    : decision;
}

/** An agent that notes no digest: slot and version are all that can be known. */
function judgeVersion({ observation, slot, version, expected }: Report): Judgement {
  const running = observation?.running ?? { slot, version };
  const runs = `it runs ${describeSystem({ ...running, version: running.version || 'an unknown version' })}`;
  if (running.slot !== 'active') {
    const why =
      observation?.upgrade?.outcome === 'fell back' ? 'the first boot of the new system failed' : '';
    return { kind: 'fail', reason: `it fell back${why && `, because ${why}`}; ${runs}` };
  }
  return expected !== '' && running.version === expected
    ? { kind: 'check health' }
    : { kind: 'fail', reason: `${runs}, not ${expected || 'the version of the image, which is not known'}` };
}
