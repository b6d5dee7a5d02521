import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { createCache } from '../../../../src/factory/pipeline/cache.ts';
import type { BuildEvent } from '../../../../src/factory/pipeline/events.ts';
import { planGroups } from '../../../../src/factory/pipeline/plan-groups.ts';
import {
  createScheduler,
  requireResults,
  type SchedulerContext,
} from '../../../../src/factory/pipeline/scheduler.ts';
import {
  defineStep,
  fileOf,
  resultOf,
  type Step,
  type StepDefinition,
  type StepKey,
} from '../../../../src/factory/pipeline/step.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const Facts = z.object({ id: z.exactOptional(z.string()), read: z.exactOptional(z.array(z.unknown())) });
type Facts = z.output<typeof Facts>;
const key = (id: string): StepKey<Facts> => ({ id, facts: Facts });

async function runSteps(steps: readonly Step[], context: SchedulerContext) {
  const outcome = await createScheduler(context)({ steps });
  return { ...outcome, results: requireResults(outcome, context.signal) };
}

/** A place for consecutive builds; each run has its own signal, like a session. */
function bench() {
  const home = temporaryDirectory();
  const cache = join(home, 'cache');
  const work = join(home, 'work');
  mkdirSync(work);
  const ran: string[] = [];
  const events: BuildEvent[] = [];
  const context = (useCache = true) => {
    const controller = new AbortController();
    const { signal } = controller;
    return {
      cache: createCache(cache),
      runner: createRunner({ signal, log: () => undefined, env: process.env }),
      signal,
      cancel: (reason: unknown) => controller.abort(reason),
      work,
      useCache,
      emit: (event: BuildEvent) => events.push(event),
    };
  };
  /** A step that records its run and returns one file. */
  type More = Partial<StepDefinition<Facts>> & { digest?: string };
  const step = (id: string, needs: string[], more: More = {}): Step => {
    const { digest, ...rest } = more;
    return defineStep(key(id), {
      title: `make ${id}`,
      needs,
      inputs: async () => null,
      run: async ({ objects }) => {
        ran.push(id);
        writeFileSync(join(objects, 'file'), id);
        return {
          facts: { id },
          files: { file: join(objects, 'file') },
          ...(digest === undefined ? {} : { digest }),
        };
      },
      ...rest,
    });
  };
  return {
    work,
    events,
    context,
    step,
    /** The steps that ran since the last call. */
    ran: () => ran.splice(0).sort(),
    run: (steps: readonly Step[], useCache = true) => runSteps(steps, context(useCache)),
    plan: async (steps: readonly Step[], useCache = true) =>
      Object.fromEntries(
        (await planGroups([{ steps }], context(useCache))).map(({ id, state }) => [id, state]),
      ),
  };
}

describe('a group', () => {
  test('runs a step after the steps that it needs, with their results', async () => {
    const { run, step } = bench();
    const reader = step('c', ['a', 'b'], {
      run: async (_, results) => ({
        facts: {
          id: fileOf(results, 'a', 'file'),
          read: [resultOf(results, key('a')).facts.id, resultOf(results, key('b')).facts.id],
        },
        files: {},
      }),
    });
    const { results } = await run([step('a', []), step('b', ['a']), reader]);
    expect(resultOf(results, key('c')).facts).toEqual({
      id: fileOf(results, 'a', 'file'),
      read: ['a', 'b'],
    });
    expect(() => resultOf(results, key('none'))).toThrow(RangeError);
    expect(() => fileOf(results, 'a', 'none')).toThrow(RangeError);
  });

  test('runs independent steps in parallel', async () => {
    const { run, step } = bench();
    // Each waits for the other: they would never end one after the other.
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    const meet =
      (own: PromiseWithResolvers<void>, other: PromiseWithResolvers<void>): StepDefinition<Facts>['run'] =>
      async () => {
        own.resolve();
        await other.promise;
        return { facts: {}, files: {} };
      };
    const steps = [
      step('a', []),
      step('b', ['a'], { run: meet(first, second) }),
      step('c', ['a'], { run: meet(second, first) }),
    ];
    const { timings } = await run(steps);
    expect(timings.map(({ id, cached }) => [id, cached]).sort()).toEqual([
      ['a', false],
      ['b', false],
      ['c', false],
    ]);
  });

  test('emits start, progress, notice and end of each step', async () => {
    const { run, step, events } = bench();
    const talking = step('a', [], {
      run: async ({ say, notice }) => {
        say('half way');
        notice('mind this');
        return { facts: {}, files: {} };
      },
    });
    await run([talking]);
    await run([talking]);
    expect(events.map((event) => (event.type === 'end' ? { ...event, seconds: 0 } : event))).toEqual([
      { type: 'start', id: 'a', title: 'make a' },
      { type: 'progress', id: 'a', text: 'half way' },
      { type: 'notice', text: 'mind this' },
      { type: 'end', id: 'a', title: 'make a', cached: false, seconds: 0 },
      { type: 'end', id: 'a', title: 'make a', cached: true, seconds: 0 },
    ]);
  });

  test('gives each step two empty directories and removes them', async () => {
    const { run, step, work } = bench();
    const looking = step('a:b', [], {
      run: async ({ objects, scratch }) => {
        expect([readdirSync(objects), readdirSync(scratch)]).toEqual([[], []]);
        writeFileSync(join(scratch, 'x'), 'x');
        return { facts: {}, files: {} };
      },
    });
    await run([looking]);
    expect(readdirSync(work)).toEqual([]);
  });
});

describe('the cache', () => {
  test('skips steps that are up to date', async () => {
    const { run, step, ran } = bench();
    const steps = [step('a', []), step('b', ['a'])];
    await run(steps);
    expect(ran()).toEqual(['a', 'b']);
    const { timings } = await run(steps);
    expect([ran(), timings.map(({ cached }) => cached)]).toEqual([[], [true, true]]);
  });

  test('is not read with useCache: false, but is written', async () => {
    const { run, step, ran } = bench();
    const steps = [step('a', []), step('b', ['a'])];
    await run(steps);
    ran();
    await run(steps, false);
    expect(ran()).toEqual(['a', 'b']);
    await run(steps);
    expect(ran()).toEqual([]);
  });

  test('stores nothing for a step without inputs', async () => {
    const { run, step, ran } = bench();
    const steps = [step('a', [], { inputs: async () => undefined, digest: 'd' }), step('b', ['a'])];
    await run(steps);
    ran();
    await run(steps);
    expect(ran()).toEqual(['a']);
  });

  test('runs a step again when its cached facts do not match its schema', async () => {
    const { run, step, ran } = bench();
    await run([step('a', [])]);
    ran();
    const isAsked = async () => {
      throw new Error('asked about facts of another form');
    };
    const more = { id: 'a', facts: Facts.extend({ added: z.number() }), isCurrent: isAsked };
    const facts = { id: 'a', added: 1 };
    const { results } = await run([{ ...step('a', []), ...more, run: async () => ({ facts, files: {} }) }]);
    expect(results.get('a')?.facts).toEqual(facts);
  });

  test('fails with a defect when a step returns facts that do not match its schema', async () => {
    const { run, step } = bench();
    const wrong = { ...step('a', []), run: async () => ({ facts: { id: 1 }, files: {} }) };
    await expect(run([wrong])).rejects.toThrow(/^facts of step a: .*expected string.*at id/s);
  });

  test('asks the step whether its result is current', async () => {
    const { run, step, ran } = bench();
    await run([step('a', [])]);
    ran();
    await run([step('a', [], { isCurrent: async ({ facts }) => facts.id === 'a' })]);
    expect(ran()).toEqual([]);
    await run([step('a', [], { isCurrent: async () => false })]);
    expect(ran()).toEqual(['a']);
  });

  test('keeps later steps cached when a step returns the same digest', async () => {
    const { run, step, ran } = bench();
    const steps = (inputs: number, digest: string) => [
      step('a', [], { inputs: async () => inputs, digest }),
      step('b', ['a']),
      step('c', ['b']),
    ];
    await run(steps(1, 'same'));
    ran();
    await run(steps(2, 'same'));
    expect(ran()).toEqual(['a']);
    await run(steps(3, 'other'));
    expect(ran()).toEqual(['a', 'b', 'c']);
  });
});

describe('its plan', () => {
  test('reports a missing program of a late step', async () => {
    const { plan, run, step } = bench();
    const tools = [{ name: 'no-such-program', package: 'no-such-package' }];
    const steps = [step('a', []), step('b', ['a'], { tools })];
    const error = await failureOf(() => plan(steps));
    expect([error.kind, error.message]).toEqual(['tool', expect.stringMatching(/no-such-program/)]);
    // A cached step needs no program.
    await run(steps);
    expect(await plan(steps)).toEqual({ a: 'cached', b: 'cached' });
  });

  test('shows which steps are cached, run or depend on a result', async () => {
    const { run, plan, step, ran } = bench();
    const steps = (inputs: number) => [
      step('a', []),
      step('b', ['a'], { inputs: async () => inputs, digest: 'same' }),
      step('c', ['b']),
      step('d', ['c']),
      step('e', ['a']),
    ];
    expect(await plan(steps(1))).toEqual({
      a: 'run',
      b: 'depends',
      c: 'depends',
      d: 'depends',
      e: 'depends',
    });
    expect(ran()).toEqual([]);
    await run(steps(1));
    expect(await plan(steps(1))).toEqual({ a: 'cached', b: 'cached', c: 'cached', d: 'cached', e: 'cached' });
    ran();
    const changed = { a: 'cached', b: 'run', c: 'depends', d: 'depends', e: 'cached' };
    expect(await plan(steps(2))).toEqual(changed);
    // As "depends" promises, only the step with changed inputs ran.
    await run(steps(2));
    expect(ran()).toEqual(['b']);
    expect(await plan(steps(2), false)).toMatchObject({ a: 'run', b: 'depends' });
  });
});

describe('a failure', () => {
  const broke = () =>
    new FactoryError('TOOL_FAILED', 'broke', { details: ['last line'], remedy: 'repair it' });

  test('names its step and keeps kind, details and remedy', async () => {
    const { run, step, events } = bench();
    const error = await failureOf(() => run([step('a', [], { run: () => Promise.reject(broke()) })]));
    expect([error.kind, error.message, error.details, error.remedy]).toEqual([
      'step',
      'make a: broke',
      ['last line'],
      'repair it',
    ]);
    expect(events.filter(({ type }) => type === 'fail')).toEqual([
      { type: 'fail', id: 'a', title: 'make a', message: 'make a: broke' },
    ]);
  });

  test('cancels running steps, and dependent steps do not start', async () => {
    const { context, step, ran, events, work } = bench();
    const session = context();
    const started = Promise.withResolvers<void>();
    const endless = step('endless', [], {
      run: ({ runner }) => {
        started.resolve();
        return runner
          .run({ name: 'sleep', package: 'coreutils' }, ['1000'])
          .then(() => ({ facts: {}, files: {} }));
      },
    });
    const failing = step('failing', [], {
      run: async () => {
        await started.promise;
        throw broke();
      },
    });
    const steps = [endless, failing, step('after', ['failing']), step('later', ['endless'])];
    const error = await failureOf(() => runSteps(steps, session));
    expect(error.message).toBe('make failing: broke');
    expect(session.signal.aborted).toBe(true);
    expect(ran()).toEqual([]);
    expect(events.filter(({ type }) => type === 'fail')).toHaveLength(1);
    expect(readdirSync(work)).toEqual([]);
  });

  test('keeps the results of finished steps only', async () => {
    const { run, plan, step } = bench();
    const steps = [step('a', []), step('b', ['a'], { run: () => Promise.reject(broke()) })];
    await failureOf(() => run(steps));
    expect(await plan(steps)).toEqual({ a: 'cached', b: 'run' });
  });

  test('to compute the inputs of a step is a failure of the step', async () => {
    const { run, step } = bench();
    const error = await failureOf(() => run([step('a', [], { inputs: () => Promise.reject(broke()) })]));
    expect(error.message).toBe('make a: broke');
  });

  test('of the system gets a remedy; a defect stays unchanged', async () => {
    const { run, step } = bench();
    const system = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', errno: -13 });
    const error = await failureOf(() => run([step('a', [], { run: () => Promise.reject(system) })]));
    expect([error.kind, error.remedy]).toEqual(['step', expect.stringContaining('permissions')]);
    const defect = new TypeError('x is not a function');
    await expect(run([step('a', [], { run: () => Promise.reject(defect) })])).rejects.toBe(defect);
  });

  test('by a signal is reported as an interruption, and nothing starts afterwards', async () => {
    const { context, step, ran, events } = bench();
    const session = context();
    const interrupted = new FactoryError('INTERRUPTED', 'interrupted by SIGINT');
    session.cancel(interrupted);
    await expect(runSteps([step('a', [])], session)).rejects.toBe(interrupted);
    expect([ran(), events]).toEqual([[], []]);
  });
});
