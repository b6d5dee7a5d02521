import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { explain, explainSystemError } from '../../../../src/common/errors/explain.ts';
import { EXIT_STATUS, FactoryError, messageOf } from '../../../../src/common/errors/factory-error.ts';
import { settleAll } from '../../../../src/common/errors/settle.ts';
import { isSystemError } from '../../../../src/common/errors/system-error.ts';

/** A system error as Node throws it. */
async function systemError(): Promise<unknown> {
  return readFile('/nothing/here').catch((error: unknown) => error);
}

describe('explain', () => {
  test('adds the title, and keeps the rest', () => {
    const error = new FactoryError('TOOL_MISSING', 'x is not installed', {
      remedy: 'install it',
      details: ['a'],
    });
    const explained = explain('make ISO', error);
    expect(explained).toBeInstanceOf(FactoryError);
    expect(explained).toMatchObject({
      kind: 'tool',
      message: 'make ISO: x is not installed',
      remedy: 'install it',
      details: ['a'],
      cause: error,
    });
  });

  test('adds a remedy to system errors', async () => {
    const explained = explain('make ISO', await systemError());
    expect(explained).toMatchObject({
      code: 'PATH_NOT_FOUND',
      kind: 'step',
      remedy: 'Check that the path exists.',
    });
    expect(messageOf(explained)).toMatch(/^make ISO: \/nothing\/here: no such file or directory$/);
  });

  test.each([
    ['EIO', 'DISK_FAILED', true],
    ['ENFILE', 'TOO_MANY_OPEN_FILES', true],
    ['EISDIR', 'PATH_NOT_FOUND', false],
    ['ENOTDIR', 'PATH_NOT_FOUND', false],
  ] as const)('%s is %s; outside of a step only if it depends on the machine', (name, code, isOfMachine) => {
    const error = Object.assign(new Error(`${name}: text, open '/x'`), { code: name, errno: -1, path: '/x' });
    expect(explain('t', error)).toMatchObject({ code, message: expect.stringMatching(/^t: \/x: /) });
    expect(explainSystemError(error) === error).toBe(!isOfMachine);
  });

  test.each(['mke2fs: No space left on device', 'xorriso : Image size exceeds free space on media'])(
    'sees that a tool ran out of space: %s',
    (line) => {
      const explained = explain(
        't',
        new FactoryError('TOOL_FAILED', 'failed', { details: ['x', line], remedy: 'other' }),
      );
      expect(explained).toMatchObject({
        code: 'DISK_FULL',
        remedy: expect.stringContaining('Free some space'),
      });
    },
  );

  test('returns bugs and interruptions unchanged', () => {
    const errors = [new TypeError('x'), 'text', new FactoryError('INTERRUPTED', 'stop')];
    for (const error of errors) expect(explain('t', error)).toBe(error);
  });
});

test('isSystemError distinguishes system errors from all others', async () => {
  expect(isSystemError(await systemError())).toBe(true);
  for (const other of [new Error('x'), { errno: 1 }, undefined, 'ENOENT'])
    expect(isSystemError(other)).toBe(false);
});

test('each kind has its own exit status, which differs from success and from bugs', () => {
  const statuses = Object.values(EXIT_STATUS);
  expect(new Set(statuses).size).toBe(statuses.length);
  expect(EXIT_STATUS).toMatchObject({ usage: 2, tool: 3, step: 4, verification: 5 });
});

describe('settleAll', () => {
  const late = (error: unknown) => new Promise<never>((_, reject) => setImmediate(() => reject(error)));

  test('throws a FactoryError even if another error came first', async () => {
    const told = new FactoryError('DIGEST_MISMATCH', 'hostile');
    await expect(settleAll([Promise.reject(new Error('premature close')), late(told)])).rejects.toBe(told);
  });

  test('otherwise throws the first error, after all promises have settled', async () => {
    const first = new Error('first');
    let ended = false;
    const slow = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      ended = true;
    });
    await expect(settleAll([Promise.reject(first), late(new Error('second')), slow])).rejects.toBe(first);
    expect(ended).toBe(true);
  });

  test('resolves when all promises do', async () => {
    await expect(settleAll([Promise.resolve(1), Promise.resolve(2)])).resolves.toBeUndefined();
  });
});
