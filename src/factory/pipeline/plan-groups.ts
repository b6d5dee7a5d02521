import { requireTools } from '../tools/check-tool.ts';
import type { HostTool } from '../tools/host-tool.ts';
import type { PlannedStep, StepState } from './events.ts';
import { type Group, shownId, shownStep } from './group.ts';
import { type Answers, lookUp, type PlanContext } from './look-up.ts';
import type { Step, StepResult } from './step.ts';

/**
 * Plans groups of steps: determines which steps will run, which are cached, and which groups share. Builds nothing; only
 * reads inputs.
 * @throws FactoryError `tool`, one for all programs that steps will run and that are missing or unusable
 */
export async function planGroups(groups: readonly Group[], context: PlanContext): Promise<PlannedStep[]> {
  const planned: PlannedStep[] = [];
  const tools = new Set<HostTool>();
  const planning: Planning = { ...context, willRun: new Set(), answers: new Map() };
  for (const group of groups) {
    const results = new Map<string, StepResult>();
    for (const step of group.steps) {
      const state = await stateOf(step, results, planning);
      if (state !== 'cached') for (const tool of step.tools ?? []) tools.add(tool);
      planned.push({ ...shownStep(group, step), needs: step.needs.map((id) => shownId(group, id)), state });
    }
  }
  await requireTools(context.runner, tools);
  return planned;
}

interface Planning extends PlanContext {
  /** Planned steps of this and earlier groups, by id and key. */
  readonly willRun: Set<string>;
  readonly answers: Answers;
}

/** Determines the state of a step. @param results results of earlier cached steps; a cached step adds its own */
async function stateOf(
  step: Step,
  results: Map<string, StepResult>,
  { willRun, answers, ...context }: Planning,
): Promise<StepState> {
  if (!step.needs.every((id) => results.has(id))) return 'depends';
  const { key, result } = await lookUp(step, { results, answers }, context);
  if (result !== undefined) {
    results.set(step.id, result);
    return 'cached';
  }
  if (key === undefined) return 'run';
  const identity = `${step.id} ${key}`;
  if (willRun.has(identity)) return 'shared';
  willRun.add(identity);
  return 'run';
}
