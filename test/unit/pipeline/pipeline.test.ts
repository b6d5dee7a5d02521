import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../src/errors/factory-error.ts';
import { cacheKey, createCache } from '../../../src/pipeline/cache.ts';
import type { BuildEvent } from '../../../src/pipeline/events.ts';
import { planSteps, runSteps } from '../../../src/pipeline/run-plan.ts';
import type { Step } from '../../../src/pipeline/step.ts';
import { openOutput, openWorkspace } from '../../../src/pipeline/workspace.ts';
import { createRunner } from '../../../src/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

function world(directory = temporaryDirectory()) {
  const controller = new AbortController();
  const events: BuildEvent[] = [];
  mkdirSync(join(directory, 'work'), { recursive: true });
  const context = {
    cache: createCache(join(directory, 'cache')),
    runner: createRunner({ signal: controller.signal, log: () => undefined, env: process.env }),
    signal: controller.signal,
    cancel: (reason: unknown) => controller.abort(reason),
    work: join(directory, 'work'),
    useCache: true,
    emit: (event: BuildEvent) => void events.push(event),
  };
  return { context, events, directory };
}

const ran: string[] = [];
const step = (id: string, needs: string[], inputs: unknown = null, digest?: string): Step => ({
  id,
  title: `step ${id}`,
  needs,
  inputs: async () => inputs,
  run: async ({ objects }) => {
    ran.push(id);
    writeFileSync(join(objects, 'out'), id);
    return { facts: { id }, files: { out: join(objects, 'out') }, ...(digest ? { digest } : {}) };
  },
});
const takeRan = () => ran.splice(0).sort();

describe('running and caching', () => {
  test('runs once, then finds everything', async () => {
    const { context } = world();
    const steps = [step('a', []), step('b', ['a']), step('c', ['a'])];
    const { results } = await runSteps(steps, context);
    expect(takeRan()).toEqual(['a', 'b', 'c']);
    expect(results.get('b')?.files['out']).toMatch(/cache\/b\/[0-9a-f]{64}\/out$/);
    await runSteps(steps, context);
    expect(takeRan()).toEqual([]);
    expect(readdirSync(context.work)).toEqual([]);
  });

  test('a changed input runs the step and what depends on it, and nothing else', async () => {
    const { context } = world();
    await runSteps([step('a', [], 1), step('b', ['a']), step('c', [])], context);
    takeRan();
    const changed = [step('a', [], 2), step('b', ['a']), step('c', [])];
    expect((await planSteps(changed, context)).map(({ state }) => state)).toEqual([
      'run',
      'depends',
      'cached',
    ]);
    expect(takeRan()).toEqual([]);
    await runSteps(changed, context);
    expect(takeRan()).toEqual(['a', 'b']);
  });

  test('a step that comes to the same result leaves the later ones alone', async () => {
    const { context } = world();
    await runSteps([step('a', [], 1, 'same'), step('b', ['a'])], context);
    takeRan();
    await runSteps([step('a', [], 2, 'same'), step('b', ['a'])], context);
    expect(takeRan()).toEqual(['a']);
  });

  test('a result whose file is gone, or that is no longer current, is made again', async () => {
    const { context } = world();
    const { results } = await runSteps([step('a', [])], context);
    rmSync(results.get('a')?.files['out'] ?? '');
    await runSteps([step('a', [])], context);
    await runSteps([{ ...step('a', []), isCurrent: async () => false }], context);
    expect(takeRan()).toEqual(['a', 'a', 'a']);
  });

  test('the first failure cancels the rest and names its step', async () => {
    const { context, events } = world();
    const failing: Step = {
      ...step('a', []),
      run: async () => {
        throw new FactoryError('step', 'broke', { remedy: 'mend it' });
      },
    };
    const error = await failureOf(() => runSteps([failing, step('b', ['a'])], context), 'step');
    expect([error.message, error.remedy]).toEqual(['step a: broke', 'mend it']);
    expect(takeRan()).toEqual([]);
    expect(events.filter(({ type }) => type === 'fail')).toHaveLength(1);
    expect(readdirSync(context.work)).toEqual([]);
  });

  test('a full disk is explained', async () => {
    const { context } = world();
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', errno: -28 });
    const failing: Step = { ...step('a', []), run: () => Promise.reject(full) };
    expect((await failureOf(() => runSteps([failing], context), 'step')).remedy).toMatch(/Free some space/);
  });

  test('keys depend on everything', () => {
    const keys = [
      cacheKey('a', 1, []),
      cacheKey('b', 1, []),
      cacheKey('a', 2, []),
      cacheKey('a', 1, [['n', 'd']]),
    ];
    expect(new Set(keys).size).toBe(4);
    expect(cacheKey('a', 1, [])).toBe(keys[0]);
  });
});

describe('places', () => {
  const dead = '999999999-1';
  test('an output directory has one writer, and outlives dead ones', async () => {
    const path = join(temporaryDirectory(), 'out');
    const output = await openOutput(path);
    expect((await failureOf(() => openOutput(path), 'usage')).message).toMatch(/another build/);
    writeFileSync(output.partial('x.iso'), 'half');
    await output.close();
    expect(readdirSync(path)).toEqual([]);

    writeFileSync(join(path, '.kairos-factory.lock'), dead);
    writeFileSync(join(path, `.partial-${dead}-x.iso`), 'half');
    writeFileSync(join(path, 'kept.iso'), 'whole');
    const again = await openOutput(path);
    expect(readdirSync(path).sort()).toEqual(['.kairos-factory.lock', 'kept.iso']);
    await again.close();
  });

  test('a workspace is private, clears away dead runs, and knows whether it is alone', async () => {
    const root = join(temporaryDirectory(), 'cache');
    mkdirSync(join(root, 'work', dead), { recursive: true });
    const workspace = await openWorkspace(root);
    expect(readdirSync(join(root, 'work'))).toHaveLength(1);
    expect(await workspace.alone()).toBe(true);
    await workspace.close();
    expect(readdirSync(join(root, 'work'))).toEqual([]);
  });
});
