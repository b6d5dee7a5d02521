import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asStep } from './current-step.ts';
import type { PlanContext } from './look-up.ts';
import { measureStep } from './measure-step.ts';
import { type Results, requireFacts, type Step, type StepResult } from './step.ts';

/** A step to run. */
interface Execution {
  readonly step: Step;
  /** Id of the step in the output. */
  readonly shownAs: string;
  /** Cache key; `undefined` for a step that is never cached. */
  readonly key: string | undefined;
  readonly results: Results;
}

/** Runs a step in its own directories and stores its result in the cache. @throws errors of the step */
export function executeStep(execution: Execution, context: PlanContext): Promise<StepResult> {
  return asStep(execution.shownAs, () => execute(execution, context));
}

async function execute(
  { step, shownAs, key, results }: Execution,
  context: PlanContext,
): Promise<StepResult> {
  await context.shared?.prepare(step.needs.flatMap((id) => results.get(id) ?? []));
  const home = await mkdtemp(join(context.work, `${step.id}-`));
  const objects = join(home, 'objects');
  const scratch = join(home, 'scratch');
  await mkdir(objects);
  await mkdir(scratch);
  const start = performance.now();
  try {
    const output = await step.run(
      {
        runner: context.runner,
        objects,
        scratch,
        say: (text) => context.emit({ type: 'progress', id: shownAs, text }),
        glimpse: (text) => context.emit({ type: 'progress', id: shownAs, text, isFleeting: true }),
        notice: (text) => context.emit({ type: 'notice', text }),
      },
      results,
    );
    const result = requireFacts(step, { ...output, digest: output.digest ?? key ?? '' });
    const seconds = (performance.now() - start) / 1000;
    await context.onMeasured?.({
      id: step.id,
      title: step.title,
      seconds,
      bytes: measureStep(result, { objects, scratch }),
    });
    if (key === undefined) return result;
    const stored = await context.cache.store(step, { key, objects, result });
    context.shared?.offer(step, key, { result: stored, results });
    return stored;
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
