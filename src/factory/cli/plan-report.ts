import type { PushGroup } from '../deliver/publish/publish-build.ts';
import { type Filesystem, filesystemsOf } from '../machine/room.ts';
import type { PredictedPlan } from '../pipeline/predict-groups.ts';
import type { CommandReport } from './present-report.ts';
import { renderMermaid, renderPlan } from './render-plan.ts';
import { planPushes, renderPushPlan } from './render-push.ts';

/** Options of {@link planReport}. */
interface PlanReportOptions {
  /** Further members of the JSON. */
  readonly more?: object;
  /** Whether the text is a diagram for Mermaid. */
  readonly mermaid?: boolean | undefined;
}

/** Reports a plan and the pushes that follow it: steps, predicted time, and room. */
export async function planReport(
  plan: PredictedPlan,
  groups: readonly PushGroup[],
  { more = {}, mermaid = false }: PlanReportOptions = {},
): Promise<CommandReport> {
  const room = await filesystemsOf(plan.room);
  const push = groups.length > 0 && { push: planPushes(groups) };
  const { steps, seconds, unknown } = plan;
  return {
    json: { plan: steps, seconds, unknown, room: room.flatMap(describeRoom), ...push, ...more },
    text: mermaid ? renderMermaid(steps) : `${renderPlan(plan, room)}${renderPushPlan(groups)}`,
    isAnswer: true,
  };
}

function describeRoom({ free, needs }: Filesystem): object[] {
  return needs.map(({ path, purpose, likely }) => ({ path, purpose, bytes: Math.round(likely), free }));
}
