import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { createCache } from '../../../../src/factory/pipeline/cache.ts';
import type { BuildEvent } from '../../../../src/factory/pipeline/events.ts';
import type { Group } from '../../../../src/factory/pipeline/group.ts';
import { planGroups } from '../../../../src/factory/pipeline/plan-groups.ts';
import { createScheduler } from '../../../../src/factory/pipeline/scheduler.ts';
import type { Step } from '../../../../src/factory/pipeline/step.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

function bench() {
  const home = temporaryDirectory();
  const cache = join(home, 'cache');
  const work = join(home, 'work');
  mkdirSync(work);
  const controller = new AbortController();
  const { signal } = controller;
  const events: BuildEvent[] = [];
  const ran: string[] = [];
  const context = {
    cache: createCache(cache),
    runner: createRunner({ signal, log: () => undefined, env: process.env }),
    signal,
    cancel: (reason: unknown) => controller.abort(reason),
    work,
    useCache: true,
    emit: (event: BuildEvent) => events.push(event),
  };
  const step = (id: string, needs: string[], inputs: unknown, run?: () => Promise<void>): Step => ({
    id,
    facts: z.object({ inputs: z.unknown() }),
    title: `make ${id}`,
    needs,
    inputs: async () => inputs,
    run: async ({ say }) => {
      ran.push(`${id} ${JSON.stringify(inputs)}`);
      say('busy');
      // Long enough for the other groups to reach the same step.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await run?.();
      return { facts: { inputs }, files: {} };
    },
  });
  const runAll = (groups: readonly Group[], continueOnError = false) => {
    const run = createScheduler({ ...context, continueOnError });
    return Promise.all(groups.map(run));
  };
  return { context, controller, events, ran, step, runAll, work };
}

const broken = async () => {
  throw new FactoryError('TOOL_MISSING', 'it broke', { remedy: 'Repair it.' });
};

describe('several groups', () => {
  test('run shared steps once and other steps separately', async () => {
    const { step, runAll, ran, events, work } = bench();
    const group = (name: string, level: number): Group => ({
      name,
      steps: [step('base', [], 'b'), step('image', ['base'], 'i'), step('squashfs', ['image'], level)],
    });
    const outcomes = await runAll([group('one', 1), group('two', 2)]);
    expect(ran.sort()).toEqual(['base "b"', 'image "i"', 'squashfs 1', 'squashfs 2']);
    expect(outcomes.map(({ results }) => results.get('squashfs')?.facts)).toEqual([
      { inputs: 1 },
      { inputs: 2 },
    ]);
    // Each group has its own timings; a step of another group counts as cached.
    const cached = outcomes.map(({ timings }) =>
      timings.filter((timing) => timing.cached).map(({ id }) => id),
    );
    expect(cached.toSorted((a, b) => a.length - b.length)).toEqual([[], ['base', 'image']]);
    const ids = new Set(events.flatMap((event) => ('id' in event ? [event.id] : [])));
    expect([...ids].sort()).toEqual([
      'one/base',
      'one/image',
      'one/squashfs',
      'two/base',
      'two/image',
      'two/squashfs',
    ]);
    expect(readdirSync(work)).toEqual([]);
  });

  test('check once whether a shared result is current', async () => {
    const { step, runAll, ran } = bench();
    let questions = 0;
    const isCurrent = async () => {
      questions += 1;
      return false;
    };
    const groups = ['one', 'two'].map((name) => ({
      name,
      steps: [{ ...step('base', [], 'b'), isCurrent }],
    }));
    await runAll(groups);
    await runAll(groups);
    expect([questions, ran]).toEqual([1, ['base "b"', 'base "b"']]);
  });

  test('are planned with their shared steps', async () => {
    const { step, context } = bench();
    const group = (name: string, other: string): Group => ({
      name,
      steps: [step('base', [], 'b'), step('own', [], other), step('image', ['base'], 'i')],
    });
    const planned = await planGroups([group('one', 'x'), group('two', 'y')], context);
    expect(planned.map(({ id, state, needs }) => [id, state, needs.join()])).toEqual([
      ['one/base', 'run', ''],
      ['one/own', 'run', ''],
      ['one/image', 'depends', 'one/base'],
      ['two/base', 'shared', ''],
      ['two/own', 'run', ''],
      ['two/image', 'depends', 'two/base'],
    ]);
  });

  test('are cancelled by the first failure', async () => {
    const { step, runAll, ran } = bench();
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
    };
    const [bad, good] = await runAll([
      { name: 'bad', steps: [step('a', [], 1, broken)] },
      { name: 'good', steps: [step('a', [], 2, slow), step('b', ['a'], 2)] },
    ]);
    expect(bad).toMatchObject({ failure: { kind: 'tool', message: 'make a: it broke' }, isCancelled: false });
    expect(good).toMatchObject({ isCancelled: true });
    expect(good?.failure).toBeUndefined();
    expect(ran).not.toContain('b 2');
  });

  test('continue after a failure with continueOnError', async () => {
    const { step, runAll, ran, context } = bench();
    const [bad, good] = await runAll(
      [
        { name: 'bad', steps: [step('a', [], 1, broken), step('b', ['a'], 1)] },
        { name: 'good', steps: [step('a', [], 2), step('b', ['a'], 2)] },
      ],
      true,
    );
    expect(bad).toMatchObject({ failure: { message: 'make a: it broke' } });
    expect(good).toMatchObject({ isCancelled: false });
    expect(good?.results.size).toBe(2);
    expect(ran.sort()).toEqual(['a 1', 'a 2', 'b 2']);
    expect(context.signal.aborted).toBe(false);
  });

  test('fail together when a shared step fails', async () => {
    const { step, runAll, ran } = bench();
    const steps = () => [step('base', [], 'b', broken), step('own', ['base'], 'o')];
    const outcomes = await runAll(
      [
        { name: 'one', steps: steps() },
        { name: 'two', steps: steps() },
      ],
      true,
    );
    expect(outcomes.map(({ failure }) => (failure as Error).message)).toEqual([
      'make base: it broke',
      'make base: it broke',
    ]);
    expect(ran).toEqual(['base "b"']);
  });

  test('all stop when they are cancelled', async () => {
    const { step, runAll, controller } = bench();
    const running = runAll(
      ['one', 'two'].map((name) => ({ name, steps: [step('a', [], name), step('b', ['a'], name)] })),
      true,
    );
    setTimeout(() => controller.abort(new Error('interrupted')), 5);
    for (const outcome of await running) {
      expect(outcome).toMatchObject({ isCancelled: true });
      expect(outcome.results.has('b')).toBe(false);
    }
  });
});
