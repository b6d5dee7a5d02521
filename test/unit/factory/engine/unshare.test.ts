import { afterEach, describe, expect, test, vi } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { BUILDAH } from '../../../../src/factory/engine/buildah.ts';
import {
  isInUserNamespace,
  namespaceCommand,
  needsUserNamespace,
} from '../../../../src/factory/engine/unshare.ts';
import type { Runner } from '../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const IDS = { users: { start: 100_000, count: 65_536 }, groups: { start: 200_000, count: 4096 } };

/** A host with these programs. */
function machine(programs: Readonly<Record<string, string>>): Runner {
  const locate: Runner['locate'] = async ({ name }) => {
    if (programs[name] === undefined) throw new FactoryError('TOOL_MISSING', `${name} is not installed`);
    return `/usr/bin/${name}`;
  };
  return {
    locate,
    run: async ({ name }) => ({ stdout: programs[name] ?? '', stderr: '', exitCode: 0 }),
  };
}

describe('the program that makes a user namespace', () => {
  test('is buildah if installed, which maps the ids itself', async () => {
    const runner = machine({
      [BUILDAH.name]: 'buildah version 1.39',
      unshare: 'unshare from util-linux 2.41',
    });
    expect(await namespaceCommand(runner, IDS)).toEqual({ program: '/usr/bin/buildah', args: ['unshare'] });
  });

  test('is unshare otherwise: the user is 0, and subordinate ids start at 1', async () => {
    const runner = machine({ unshare: 'unshare from util-linux 2.38.1' });
    expect(await namespaceCommand(runner, IDS)).toEqual({
      program: '/usr/bin/unshare',
      args: ['--user', '--map-root-user', '--map-users=100000,1,65536', '--map-groups=200000,1,4096'],
    });
  });

  test('is refused when it is too old for subordinate ids', async () => {
    const runner = machine({ unshare: 'unshare from util-linux 2.37.4' });
    const error = await failureOf(() => namespaceCommand(runner, IDS), 'tool');
    expect(error.message).toContain('2.38');
  });

  test('is required', async () => {
    const error = await failureOf(() => namespaceCommand(machine({}), IDS), 'tool');
    expect(error.message).toContain('unshare is not installed');
  });
});

describe('whether to start again in a user namespace', () => {
  const MARK = 'KAIROS_FACTORY_UNSHARED';
  const as = (uid: number, mark: string | undefined) => {
    vi.stubEnv(MARK, mark);
    vi.spyOn(process, 'getuid').mockReturnValue(uid);
  };

  test.each<[string, number, string | undefined, boolean, boolean]>([
    ['an ordinary user has to', 1000, undefined, true, false],
    ['root need not', 0, undefined, false, false],
    ['who was started again is there', 0, '1', false, true],
    // A namespace that did not map the user must not cause endless restarts.
    ['who was started again, and is not root all the same, does not try twice', 1000, '1', false, true],
  ])('%s', (_, uid, mark, needs, isIn) => {
    as(uid, mark);
    expect([needsUserNamespace(), isInUserNamespace()]).toEqual([needs, isIn]);
  });
});
