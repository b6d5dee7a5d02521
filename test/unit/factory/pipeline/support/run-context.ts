import { createCache } from '../../../../../src/factory/pipeline/cache.ts';
import type { BuildEvent } from '../../../../../src/factory/pipeline/events.ts';
import type { SchedulerContext } from '../../../../../src/factory/pipeline/scheduler.ts';
import { createRunner } from '../../../../../src/factory/tools/runner.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/** A context with an empty cache that can be cancelled, and the events of its run. */
export function runContext(): { readonly context: SchedulerContext; readonly events: readonly BuildEvent[] } {
  const controller = new AbortController();
  const { signal } = controller;
  const events: BuildEvent[] = [];
  const context = {
    cache: createCache(temporaryDirectory()),
    runner: createRunner({ signal, log: () => undefined, env: process.env }),
    signal,
    cancel: (reason: unknown) => controller.abort(reason),
    work: temporaryDirectory(),
    useCache: true,
    emit: (event: BuildEvent) => void events.push(event),
  };
  return { context, events };
}
