import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tryKvm } from '../../../../src/factory/boot/try-kvm.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { realRunner } from '../artifacts/support/runner.ts';

// Emulation instead of the device, which few machines have: the machine and its firmware are real.
const device = '/dev/null';
const accelerator = 'tcg';

test('a machine that runs to its end works', async () => {
  const limit = 60_000;
  expect(await tryKvm(realRunner(), 'amd64', { device, accelerator, limit })).toEqual({
    state: 'works',
    reason: 'a machine runs',
  });
});

test('without the device there is none', async () => {
  const { state, reason } = await tryKvm(realRunner(), 'amd64', { device: '/dev/no-such-device' });
  expect([state, reason]).toEqual(['none', expect.stringContaining('/dev/no-such-device')]);
});

test('a device that cannot be opened for another reason is broken', async () => {
  expect((await tryKvm(realRunner(), 'amd64', { device: '/' })).state).toBe('broken');
});

/** A runner with a program of QEMU's name, and no other. */
function withQemu(script: string) {
  const home = plant(temporaryDirectory(), { 'qemu-system-x86_64': `#!/bin/sh\n${script}\n` });
  chmodSync(join(home, 'qemu-system-x86_64'), 0o755);
  return createRunner({
    signal: new AbortController().signal,
    log: () => undefined,
    env: { PATH: `${home}:/usr/bin:/bin` },
  });
}

test('a machine that does not start is broken, with the last line of QEMU', async () => {
  const runner = withQemu('echo first >&2; echo "failed to initialize kvm: No such device" >&2; exit 1');
  expect(await tryKvm(runner, 'amd64', { device })).toEqual({
    state: 'broken',
    reason: 'failed to initialize kvm: No such device',
  });
});

test('a machine that hardly moves is broken', async () => {
  const { state, reason } = await tryKvm(withQemu('exec sleep 60'), 'amd64', { device, limit: 300 });
  expect([state, reason]).toEqual(['broken', expect.stringContaining('hardly moves')]);
});

test('without QEMU it is untried', async () => {
  const runner = createRunner({
    signal: new AbortController().signal,
    log: () => undefined,
    env: { PATH: '/nowhere' },
  });
  const nothing = {
    ...runner,
    run: (tool: { name: string; package: string }) => runner.run({ ...tool, name: 'none' }, []),
  };
  expect((await tryKvm(nothing, 'amd64', { device })).state).toBe('untried');
});
