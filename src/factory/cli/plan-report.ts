import type { PushGroup } from '../deliver/publish/publish-build.ts';
import type { PlannedStep } from '../pipeline/events.ts';
import type { CommandReport } from './present-report.ts';
import { planPushes, renderPushPlan } from './render-push.ts';
import { renderPlan } from './render-report.ts';

/** Reports the planned steps and pushes. @param more further members of the JSON */
export function planReport(
  steps: readonly PlannedStep[],
  groups: readonly PushGroup[],
  more: object = {},
): CommandReport {
  const push = groups.length > 0 && { push: planPushes(groups) };
  return { json: { plan: steps, ...push, ...more }, text: `${renderPlan(steps)}${renderPushPlan(groups)}` };
}
