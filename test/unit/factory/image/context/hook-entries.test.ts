import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Hooks } from '../../../../../src/factory/config/hooks.ts';
import { renderContainerfile } from '../../../../../src/factory/image/context/containerfile.ts';
import { hookEntries } from '../../../../../src/factory/image/context/hook-entries.ts';
import { TEMPLATES } from '../../../../../src/factory/pipeline/project-files.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const identity = {
  flavor: 'debian',
  flavorRelease: '12',
  family: 'debian',
  variant: 'core',
  arch: 'amd64',
  model: 'generic',
  version: 'v1.2.3',
};
const home = () => plant(temporaryDirectory(), { 'run.sh': '#!/bin/sh\n', 'data/a': 'a', b: 'b' });

describe('hooks in the image', () => {
  test('stand between the steps, and the last removes the files of the build', () => {
    const run = join(home(), 'run.sh');
    const hooks = Hooks.parse({
      'before-packages': [run],
      'after-packages': [run],
      'after-framework': [run],
      'before-seal': [run, run],
    });
    const flavor = { 'package-manager': 'apt' } as never;
    expect(renderContainerfile({ base: 'b', flavor, overlay: '/o', hooks }).split('\n').slice(2)).toEqual([
      'COPY hooks/before-packages-0/ /kairos-build/hooks/before-packages-0/',
      'RUN ["/bin/sh", "/kairos-build/hooks/before-packages-0/run-hook.sh"]',
      'COPY install/ /kairos-build/install/',
      'RUN ["/bin/sh", "/kairos-build/install/install-apt.sh"]',
      'COPY hooks/after-packages-0/ /kairos-build/hooks/after-packages-0/',
      'RUN ["/bin/sh", "/kairos-build/hooks/after-packages-0/run-hook.sh"]',
      'COPY framework/ /',
      'COPY overlay-modes/ /kairos-build/overlay-modes/',
      'RUN ["/bin/sh", "/kairos-build/overlay-modes/keep-modes.sh", "save"]',
      'COPY overlay/ /',
      'RUN ["/bin/sh", "/kairos-build/overlay-modes/keep-modes.sh", "restore"]',
      'COPY hooks/after-framework-0/ /kairos-build/hooks/after-framework-0/',
      'RUN ["/bin/sh", "/kairos-build/hooks/after-framework-0/run-hook.sh"]',
      'COPY finish/ /kairos-build/finish/',
      'RUN ["/bin/sh", "/kairos-build/finish/finish.sh"]',
      'COPY hooks/before-seal-0/ /kairos-build/hooks/before-seal-0/',
      'RUN ["/bin/sh", "/kairos-build/hooks/before-seal-0/run-hook.sh"]',
      'COPY hooks/before-seal-1/ /kairos-build/hooks/before-seal-1/',
      'RUN ["/bin/sh", "/kairos-build/hooks/before-seal-1/run-hook.sh"]',
      'RUN ["/bin/sh", "-c", "rm -r /kairos-build"]',
      '',
    ]);
  });

  test('get their inputs, their variables and those of the image', () => {
    const place = home();
    const inputs = [join(place, 'data'), join(place, 'b')];
    const hook = { run: join(place, 'run.sh'), inputs, environment: { MINE: 'x y' }, timeout: '2m' };
    const entries = hookEntries(Hooks.parse({ 'before-seal': [hook] }), { templates: TEMPLATES, identity });
    const below = 'hooks/before-seal-0';
    expect(entries.map(({ path }) => path)).toEqual([
      `${below}/run-hook.sh`,
      `${below}/run`,
      `${below}/name`,
      `${below}/limit`,
      `${below}/environment`,
      `${below}/inputs`,
      `${below}/inputs/data`,
      `${below}/inputs/data/a`,
      `${below}/inputs/b`,
    ]);
    const textOf = (name: string) => entries.find(({ path }) => path === `${below}/${name}`);
    expect(textOf('limit')).toMatchObject({ text: '120\n' });
    expect(textOf('run')).toMatchObject({ mode: 0o755 });
    expect(textOf('environment')).toMatchObject({
      text: expect.stringMatching(/^MINE=x y\nKAIROS_HOOK=before-seal\n(KAIROS_\w+=\S+\n)+$/),
    });
  });
});

describe('the script that runs a hook', () => {
  /** Runs a hook with the files that a build context has for it. */
  function runHook(script: string, limit = '5') {
    const place = plant(temporaryDirectory(), {
      run: script,
      name: 'before-seal own.sh\n',
      limit: `${limit}\n`,
      environment: "WORD=it's a $WORD; x\nKAIROS_HOOK=before-seal\n",
      'inputs/data': 'given\n',
    });
    chmodSync(join(place, 'run'), 0o755);
    cpSync(join(TEMPLATES, 'build/run-hook.sh'), join(place, 'run-hook.sh'));
    return spawnSync('sh', [join(place, 'run-hook.sh')], { encoding: 'utf8' });
  }

  test('gives it its variables as they are, and its inputs', () => {
    const { status, stdout } = runHook(
      '#!/bin/sh\necho "$WORD $KAIROS_HOOK"; cat "$KAIROS_HOOK_INPUTS/data"; pwd\n',
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: "it's a $WORD; x before-seal\ngiven\n/\n" });
  });

  test('names the hook that fails, or that takes too long', () => {
    expect(runHook('#!/bin/sh\nexit 7\n')).toMatchObject({
      status: 7,
      stderr: 'the hook before-seal own.sh failed with status 7\n',
    });
    expect(runHook('#!/bin/sh\nexec sleep 60\n', '1')).toMatchObject({
      status: 124,
      stderr: 'the hook before-seal own.sh was stopped: it may take 1 seconds\n',
    });
  });
});
