import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { nextPause, type RetryOptions, retrying } from '../../../../src/common/http/retry.ts';
import { retryAfter } from '../../../../src/common/http/retry-after.ts';
import { TransientHttpError } from '../../../../src/common/http/transient-error.ts';
import { failureOf } from '../../support/failure.ts';

const POLICY = { attempts: 5, pause: 100, pauseLimit: 300, deadline: 10_000 };

/** A clock that only `sleep` advances. */
function clock() {
  const slept: number[] = [];
  const logged: string[] = [];
  let time = Date.parse('2026-01-02T03:04:05Z');
  return {
    slept,
    logged,
    sleep: async (milliseconds: number) => {
      slept.push(milliseconds);
      time += milliseconds;
    },
    now: () => new Date(time),
    log: (_: string, message: string) => void logged.push(message),
  };
}

describe('nextPause', () => {
  test.each([
    [1, 0.5, 100],
    [2, 0.5, 200],
    [3, 0.5, 300],
    [4, 0.5, 300],
    [1, 0, 50],
    [1, 1, 150],
  ])('after %i failures with %f: %i ms', (count, random, pause) => {
    expect(nextPause({ count, elapsed: 0, wait: undefined }, POLICY, random)).toBe(pause);
  });

  test('gives up after the last attempt, or when the pause would exceed the deadline', () => {
    expect(nextPause({ count: 5, elapsed: 0, wait: undefined }, POLICY, 0)).toBeUndefined();
    expect(nextPause({ count: 1, elapsed: 9_950, wait: undefined }, POLICY, 0)).toBe(50);
    expect(nextPause({ count: 1, elapsed: 9_951, wait: undefined }, POLICY, 0)).toBeUndefined();
    expect(nextPause({ count: 1, elapsed: 0, wait: 10_001 }, POLICY, 0)).toBeUndefined();
  });

  test('waits as long as the server asks for', () => {
    expect(nextPause({ count: 1, elapsed: 0, wait: 7_000 }, POLICY, 0.3)).toBe(7_000);
    expect(nextPause({ count: 1, elapsed: 0, wait: 0 }, POLICY, 0.3)).toBe(0);
  });

  test('never waits beyond the deadline', () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.nat(20_000),
        fc.option(fc.nat(20_000), { nil: undefined }),
        (n, elapsed, wait) => {
          const pause = nextPause({ count: n + 1, elapsed, wait }, POLICY, Math.random());
          expect(pause === undefined || elapsed + pause <= POLICY.deadline).toBe(true);
        },
      ),
    );
  });
});

describe('retryAfter', () => {
  const now = new Date('2026-01-02T03:04:05Z');
  test.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Fri, 02 Jan 2026 03:04:15 GMT', 10_000],
    ['Fri, 02 Jan 2026 03:04:00 GMT', 0],
    ['86400', 120_000],
    ['Sat, 03 Jan 2026 03:04:05 GMT', 120_000],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ])('%s is %s ms', (header, wait) => {
    expect(retryAfter(header, now)).toBe(wait);
  });
});

describe('retrying', () => {
  const run = (
    port: ReturnType<typeof clock>,
    attempt: (count: number, progressed: () => void) => unknown,
    options: Partial<RetryOptions> = {},
  ) => {
    let count = 0;
    return retrying(port, { name: 'it', ...POLICY, ...options }, async (progressed) => {
      count += 1;
      return attempt(count, progressed);
    });
  };
  const busy = () => {
    throw new TransientHttpError('busy');
  };

  test('throws an error after the last attempt', async () => {
    const port = clock();
    const failure = await failureOf(() => run(port, busy, { verb: 'pushed', remedy: 'Wait.' }), 'step');
    expect(failure).toMatchObject({ message: 'it cannot be pushed: busy', remedy: 'Wait.' });
    expect(port.slept).toHaveLength(4);
    expect(port.logged[0]).toBe('it: busy; trying again in 1 s');
  });

  test('does not retry any other error', async () => {
    const port = clock();
    const error = new FactoryError('DIGEST_MISMATCH', 'wrong');
    await expect(run(port, () => Promise.reject(error))).rejects.toBe(error);
    expect(port.slept).toEqual([]);
  });

  test('resets the count on progress', async () => {
    const port = clock();
    const result = await run(port, (count, progressed) => {
      if (count === 4) progressed();
      return count < 8 ? busy() : count;
    });
    expect(result).toBe(8);
  });

  test('gives up at the deadline', async () => {
    const port = clock();
    const slow = () => Promise.reject(new TransientHttpError('busy', { wait: 4_000 }));
    await failureOf(() => run(port, slow), 'step');
    expect(port.slept).toEqual([4_000, 4_000]);
  });

  test.each([
    [new FactoryError('INTERRUPTED', 'ours'), 'ours'],
    [new Error('cancelled'), 'cancelled'],
    [undefined, 'the transfer was interrupted'],
  ])('throws the reason of the signal: %s', async (reason, message) => {
    const controller = new AbortController();
    const attempt = () => {
      controller.abort(reason);
      return busy();
    };
    await expect(run(clock(), attempt, { signal: controller.signal })).rejects.toThrow(message);
  });
});
