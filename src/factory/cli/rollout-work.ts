import { setTimeout } from 'node:timers/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { formatImageReference, parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { type Session, withSession } from '../pipeline/session.ts';
import { loadRollout } from '../rollout/load-rollout.ts';
import type { Clock } from '../rollout/node-access.ts';
import { pinImage } from '../rollout/pin-image.ts';
import { requireSamePlan, type Survey, surveyNodes } from '../rollout/plan-rollout.ts';
import { runRollout, type StateStore } from '../rollout/run-rollout.ts';
import type { RolloutSpec } from '../rollout/schema.ts';
import { sshAccess } from '../rollout/ssh-access.ts';
import { initialState, progressOf, type RolloutState, retried } from '../rollout/state.ts';
import { lockRollout, readState, setPaused, stateStore, writeState } from '../rollout/state-directory.ts';
import { planWaves } from '../rollout/waves.ts';
import { requireTools } from '../tools/check-tool.ts';
import { SSH } from '../tools/ssh.ts';
import { rememberLog } from './render-error.ts';
import { progressLine } from './render-rollout.ts';
import { notice, say } from './say.ts';
import { warn } from './warn.ts';

/** A rollout on the command line: its file, and the directory with its state. */
export interface RolloutPlace {
  readonly file: string;
  readonly directory: string;
}

/**
 * Resolves the image, asks all nodes what they run, and stores the plan.
 * @throws FactoryError also while another process runs the rollout
 */
export async function planRollout(
  place: RolloutPlace,
): Promise<{ readonly state: RolloutState; readonly survey: Survey }> {
  const spec = await loadRollout(place.file);
  return withSession(
    async (session) => {
      await requireTools(session.runner, [SSH]);
      await using _ = await lockRollout(place.directory);
      const state = await makePlan(session, spec);
      const survey = await surveyNodes(spec.nodes, accessOf(session, spec, state.plan.pinned));
      const earlier = await readState(place.directory).catch(() => undefined);
      if (earlier !== undefined && ['under way', 'failed'].includes(progressOf(earlier)))
        notice(`this plan replaces one that was ${progressOf(earlier)}`);
      await writeState(place.directory, state);
      await setPaused(place.directory, { paused: false });
      return { state, survey };
    },
    { onLog: rememberLog },
  );
}

/**
 * Runs a rollout, or continues it; without a plan, it makes one.
 * @param options.retry tries failed nodes again
 * @returns the state at the end, and the failure that the rollout ended with
 * @throws FactoryError `usage` when the file has changed since the plan, or while another process runs the rollout
 */
export async function continueRollout(
  place: RolloutPlace,
  { retry }: { readonly retry: boolean },
): Promise<{ readonly state: RolloutState; readonly failure: FactoryError | undefined }> {
  const spec = await loadRollout(place.file);
  return withSession(
    async (session) => {
      await requireTools(session.runner, [SSH]);
      await using _ = await lockRollout(place.directory);
      const known = await readState(place.directory);
      const planned = known ?? (await makePlan(session, spec));
      requireSamePlan(planned, spec, formatImageReference(parseImageReference(spec.image)));
      const first = retry ? retried(planned, new Date().toISOString()) : planned;
      if (first !== known) await writeState(place.directory, first);
      const store = reporting(stateStore(place.directory, first));
      const access = accessOf(session, spec, first.plan.pinned);
      const end = await runRollout({ spec, store, access, clock: clockOf(session.signal) });
      const state = store.state();
      return {
        state,
        failure: end === 'done' ? undefined : end === 'paused' ? pausedError() : failureOf(state),
      };
    },
    { onLog: rememberLog },
  );
}

async function makePlan({ runner, signal }: Session, spec: RolloutSpec): Promise<RolloutState> {
  const access = { runner, registries: spec.registries, env: process.env, signal };
  const pinned = await pinImage(spec.image, access, warn);
  say(`${pinned.image} is ${pinned.digests[0]}`);
  return initialState({
    ...pinned,
    waves: planWaves(spec.nodes, spec.waves),
    made: new Date().toISOString(),
  });
}

function accessOf({ runner, signal }: Session, spec: RolloutSpec, pinned: string) {
  return sshAccess({ runner, spec, pinned, signal, env: process.env });
}

function clockOf(signal: AbortSignal): Clock {
  return {
    now: () => performance.now(),
    sleep: async (seconds) => {
      await setTimeout(seconds * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    },
  };
}

/** The store that also prints each new phase. */
function reporting(store: StateStore): StateStore {
  return {
    ...store,
    update: async (name, change) => {
      const before = store.state().nodes[name];
      await store.update(name, change);
      const state = store.state();
      const after = state.nodes[name];
      if (after !== undefined && after.phase !== before?.phase) say(progressLine(state, name));
    },
  };
}

/** The error of a rollout that has stopped. */
export function failureOf({ nodes }: RolloutState): FactoryError {
  const failed = Object.entries(nodes).filter(([, { phase }]) => phase === 'failed');
  const what = failed.length === 1 ? 'a node failed' : `${failed.length} nodes failed`;
  return new FactoryError('ROLLOUT_FAILED', `${what}, and the rollout has stopped`, {
    details: failed.map(([name, { reason = 'no reason is known' }]) => `${name}: ${reason}`),
    remedy:
      'Repair the node, and try it again with "rollout resume"; or change the image in the file, and begin again with "rollout plan".',
  });
}

function pausedError(): FactoryError {
  return new FactoryError('ROLLOUT_PAUSED', 'the rollout is paused, and nodes are left', {
    remedy: 'Continue it with "rollout resume".',
  });
}
