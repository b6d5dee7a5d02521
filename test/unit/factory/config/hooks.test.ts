import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import { requireAllowedHooks } from '../../../../src/factory/config/require-hooks.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** Loads a configuration with these hooks, beside a script and two directories with files of the same names. */
function load(hooks: unknown) {
  const home = plant(temporaryDirectory(), {
    'hooks/fetch.sh': '#!/bin/sh\n',
    'hooks/words': 'echo no\n',
    'a/data': 'x',
    'b/data': 'y',
    'kairos.yaml': `flavor: debian\nhooks: ${JSON.stringify(hooks)}\n`,
  });
  return { home, spec: () => loadBuildSpec({ file: join(home, 'kairos.yaml'), set: [], flags: {} }) };
}

describe('hooks', () => {
  test('are paths or mappings, relative to the configuration file', async () => {
    const run = 'hooks/fetch.sh';
    const { home, spec } = load({
      'before-packages': [run],
      'after-artifacts': [{ run, inputs: ['a'], environment: { NAME: 'x y' }, timeout: '90s' }],
    });
    const { hooks } = await spec();
    const place = join(home, run);
    expect(hooks['before-packages']).toEqual([{ run: place, inputs: [], environment: {}, timeout: 600 }]);
    expect(hooks['after-artifacts']).toEqual([
      { run: place, inputs: [join(home, 'a')], environment: { NAME: 'x y' }, timeout: 90 },
    ]);
    expect(hooks['before-seal']).toEqual([]);
  });

  test.each([
    [{ 'before-lunch': ['hooks/fetch.sh'] }, 'before-lunch'],
    [{ 'before-seal': [{ run: 'hooks/fetch.sh', timeout: '10' }] }, 'is not a time such as 30s, 10m or 1h'],
    [
      { 'before-seal': [{ run: 'hooks/fetch.sh', environment: { KAIROS_HOOK: 'x' } }] },
      'is set by the build',
    ],
    [{ 'before-seal': [{ run: 'hooks/fetch.sh', environment: { A: 'x\ny' } }] }, 'has more than one line'],
    [{ 'before-seal': ['hooks/nothing.sh'] }, 'hooks/nothing.sh is not a file'],
    [{ 'before-seal': ['hooks/words'] }, 'is neither a script nor a program'],
    [{ 'before-seal': [{ run: 'hooks/fetch.sh', inputs: ['c'] }] }, 'c, which does not exist'],
    [{ 'before-seal': [{ run: 'hooks/fetch.sh', inputs: ['a/data', 'b/data'] }] }, 'are named data'],
  ])('%j is refused', async (hooks, problem) => {
    const { message, details } = await failureOf(load(hooks).spec, 'usage');
    expect([message, ...details].join('\n')).toContain(problem);
  });

  test('on this machine need a flag, and all of them are named', async () => {
    const { spec } = load({
      'before-packages': ['hooks/fetch.sh'],
      'before-artifacts': ['hooks/fetch.sh'],
      'after-artifacts': ['hooks/fetch.sh'],
    });
    const { hooks } = await spec();
    requireAllowedHooks(hooks, { isAllowed: true });
    const { code, details, remedy } = await failureOf(() => requireAllowedHooks(hooks, { isAllowed: false }));
    expect(code).toBe('HOOK_REFUSED');
    expect(details).toEqual([
      expect.stringMatching(/^before-artifacts: .*fetch\.sh$/),
      expect.stringMatching(/^after-artifacts: .*fetch\.sh$/),
    ]);
    expect(remedy).toContain('--allow-host-hooks');
  });
});
