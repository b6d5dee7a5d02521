import { tmpdir } from 'node:os';
import type { RoomNeed } from '../machine/room.ts';
import { MMDEBSTRAP } from '../tools/mmdebstrap.ts';
import type { PlannedStep } from './events.ts';
import type { TargetGroup } from './open-groups.ts';
import { predictStep, type StepPrediction, wallTime } from './predict.ts';
import { rootScale } from './root-scale.ts';
import type { Step } from './step.ts';
import { readHistory } from './step-history.ts';
import type { CachePlaces } from './workspace.ts';

/** A plan with what it is expected to take. */
export interface PredictedPlan {
  readonly steps: readonly PlannedStep[];
  /** Wall time in seconds, without steps that never ran here. */
  readonly seconds: number;
  /** Ids of the steps that will run and never ran here. */
  readonly unknown: readonly string[];
  /** The room that it takes, by directory. */
  readonly room: readonly RoomNeed[];
}

/** How certain a prediction is: the share of its bytes that the build takes at least. */
const CERTAIN: Readonly<Record<StepPrediction['from'], number>> = { same: 0.8, similar: 0.5, typical: 0.5 };
/** What mmdebstrap has in TMPDIR, compared with the tar and the layout that are made of it: the root, and its packages. */
const BOOTSTRAP_SHARE = 0.7;

/** Adds predictions to planned steps. @param planned the steps of the groups, in their order */
export async function predictGroups(
  groups: readonly TargetGroup[],
  planned: readonly PlannedStep[],
  { history, root }: Pick<CachePlaces, 'history' | 'root'>,
): Promise<PredictedPlan> {
  const room = createRooms(root);
  const pending = [...planned];
  const steps: PlannedStep[] = [];
  for (const { steps: own, target } of groups) {
    const scale = await rootScale(target);
    for (const step of own) {
      const plan = pending.shift();
      if (plan === undefined) throw new RangeError('the plan has fewer steps than the groups');
      if (plan.state === 'cached' || plan.state === 'shared') {
        steps.push(plan);
        continue;
      }
      const prediction = predictStep(step, await readHistory(history, step.id), scale);
      room.add(step, prediction, target.spec.output);
      steps.push({ ...plan, prediction });
    }
  }
  return {
    steps,
    seconds: wallTime(
      steps.map(({ id, needs, prediction }) => ({ id, needs, seconds: prediction?.seconds ?? 0 })),
    ),
    unknown: steps.flatMap(({ id, prediction }) =>
      prediction !== undefined && prediction.seconds === undefined ? [id] : [],
    ),
    room: room.needs(),
  };
}

/** How to use another filesystem for what a build writes. */
export const ELSEWHERE = {
  cache: 'KAIROS_FACTORY_CACHE for the cache',
  temporary: 'TMPDIR for the bootstrap',
  output: '--output for the artifacts',
} as const;

/** Adds up the room that steps take. */
function createRooms(cache: string) {
  const found = new Map<string, RoomNeed>();
  const places = {
    cache: { path: cache, purpose: 'cache and images', elsewhere: ELSEWHERE.cache },
    temporary: { path: tmpdir(), purpose: 'bootstrap', elsewhere: ELSEWHERE.temporary },
    output: { purpose: 'artifacts', elsewhere: ELSEWHERE.output },
  };
  const grow = (place: Omit<RoomNeed, 'likely' | 'least'>, bytes: number, share: number) => {
    const { likely, least } = found.get(place.path) ?? { likely: 0, least: 0 };
    found.set(place.path, { ...place, likely: likely + bytes, least: least + bytes * share });
  };
  const add = ({ tools = [] }: Step, { bytes, from }: StepPrediction, output: string) => {
    const share = CERTAIN[from];
    grow(places.cache, bytes.cache + bytes.store + bytes.work, share);
    grow({ ...places.output, path: output }, bytes.output, share);
    if (tools.includes(MMDEBSTRAP)) grow(places.temporary, bytes.work * BOOTSTRAP_SHARE, share);
  };
  return { add, needs: () => [...found.values()] };
}
