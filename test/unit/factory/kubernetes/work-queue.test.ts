import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createWorkQueue, type Timers } from '../../../../src/factory/kubernetes/work-queue.ts';

/** Timers that only run when a test says so. */
function manualTimers() {
  const pending: { readonly at: number; readonly call: () => void }[] = [];
  const timers: Timers = {
    after: (at, call) => {
      const entry = { at, call };
      pending.push(entry);
      return () => void pending.splice(pending.indexOf(entry) >>> 0, 1);
    },
  };
  return { timers, pending };
}

/** Lets all promises that can be fulfilled be so. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) await setImmediate();
}

test('a key that is added several times is worked on once, and again after work that it was added during', async () => {
  const ends: (() => void)[] = [];
  const seen: string[] = [];
  const queue = createWorkQueue({
    concurrency: 4,
    failed: () => undefined,
    work: async (key) => {
      seen.push(key);
      await new Promise<void>((resolve) => ends.push(resolve));
      return {};
    },
  });
  for (const key of ['a', 'a', 'b', 'a']) queue.add(key);
  await settle();
  expect(seen).toEqual(['a', 'b']);
  expect(queue.depth()).toBe(1);
  ends[0]?.();
  await settle();
  expect(seen).toEqual(['a', 'b', 'a']);
  ends[1]?.();
  ends[2]?.();
  await queue.stop();
});

test('not more keys than allowed are worked on at the same time', async () => {
  let running = 0;
  let most = 0;
  const queue = createWorkQueue({
    concurrency: 2,
    failed: () => undefined,
    work: async () => {
      most = Math.max(most, ++running);
      await setImmediate();
      running--;
      return {};
    },
  });
  for (let key = 0; key < 10; key++) queue.add(String(key));
  while (queue.depth() > 0) await setImmediate();
  await queue.stop();
  expect(most).toBe(2);
});

test('a failure is repeated, each time later, and a success forgets it', async () => {
  const { timers, pending } = manualTimers();
  const outcomes = [false, false, false, true, false];
  const failed: string[] = [];
  const queue = createWorkQueue({
    concurrency: 1,
    timers,
    failed: (key, error) => failed.push(`${key}: ${(error as Error).message}`),
    work: async () => {
      if (!outcomes.shift()) throw new Error('no');
      return { again: 60 };
    },
  });
  queue.add('a');
  const delays: (number | undefined)[] = [];
  for (let round = 0; round < 5; round++) {
    await settle();
    const next = pending.shift();
    delays.push(next?.at);
    next?.call();
  }
  await queue.stop();
  expect(delays).toEqual([500, 1000, 2000, 60_000, 500]);
  expect(failed[0]).toBe('a: no');
});

test('a key that is added early is worked on at once, and not again at its time', async () => {
  const { timers, pending } = manualTimers();
  let count = 0;
  const queue = createWorkQueue({
    concurrency: 1,
    timers,
    failed: () => undefined,
    work: async () => ({ again: ++count < 2 ? 10 : undefined }),
  });
  queue.add('a');
  await settle();
  expect(pending).toHaveLength(1);
  queue.add('a');
  await settle();
  expect(pending).toHaveLength(0);
  expect(count).toBe(2);
  await queue.stop();
});

test('after the end nothing begins', async () => {
  const seen: string[] = [];
  const queue = createWorkQueue({
    concurrency: 1,
    failed: () => undefined,
    work: async (key) => {
      seen.push(key);
      await setImmediate();
      return {};
    },
  });
  queue.add('a');
  queue.add('b');
  await queue.stop();
  queue.add('c');
  await settle();
  expect(seen).toEqual(['a']);
});
