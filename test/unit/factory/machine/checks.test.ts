import { chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseImageReference } from '../../../../src/common/oci/registry/image-reference.ts';
import { checkAccounts } from '../../../../src/factory/machine/account-checks.ts';
import type { Check } from '../../../../src/factory/machine/check.ts';
import { checkEngine } from '../../../../src/factory/machine/engine-check.ts';
import { checkFirmware } from '../../../../src/factory/machine/firmware-check.ts';
import { checkKvm } from '../../../../src/factory/machine/kvm-check.ts';
import { checkLoaders } from '../../../../src/factory/machine/loader-checks.ts';
import { planFix } from '../../../../src/factory/machine/plan-fix.ts';
import { checkRegistries } from '../../../../src/factory/machine/registry-checks.ts';
import { checkTools } from '../../../../src/factory/machine/tool-checks.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { realRunner } from '../artifacts/support/runner.ts';

const runner = realRunner();
const system = { name: 'Debian', manager: 'apt', needsSudo: true } as const;
const MISSING = { name: 'none', package: 'no-package', purpose: 'does nothing' };

test('a tool is reported once, with its version and all that needs it', async () => {
  const tar = { name: 'tar', package: 'tar', purpose: 'packs' };
  const checks = await checkTools(
    runner,
    [
      { tool: tar, neededBy: ['a'], required: false },
      { tool: tar, neededBy: ['b', 'a'], required: true },
      { tool: MISSING, neededBy: ['c'], required: true },
      { tool: { ...MISSING, name: 'other' }, neededBy: ['d'], required: false },
    ],
    system,
  );
  expect(checks).toMatchObject([
    {
      name: 'tar',
      state: 'ok',
      found: expect.stringMatching(/^\d+\.\d+/),
      neededBy: ['a', 'b'],
      package: 'tar',
    },
    { name: 'none', state: 'fault', problem: 'none is not installed', fix: { install: 'no-package' } },
    { name: 'other', state: 'unused' },
  ]);
});

test('the iPXE of serve-netboot is looked for by architecture, and only other commands work without it', async () => {
  const checks = await checkLoaders(system, async (name) =>
    name === 'undionly.kpxe' ? undefined : `/usr/lib/ipxe/${name}`,
  );
  expect(checks).toMatchObject([
    {
      name: 'iPXE for amd64',
      state: 'unused',
      package: 'ipxe',
      neededBy: ['serve-netboot'],
      problem: 'undionly.kpxe of iPXE is missing',
      remedy: expect.stringContaining('apt-get install ipxe; or put undionly.kpxe beside the artifact'),
    },
    { name: 'iPXE for arm64', state: 'ok', found: 'ipxe-arm64.efi' },
  ]);
});

test('root needs no subordinate ids; a user without them gets the command', async () => {
  expect(await checkAccounts(runner, { isRoot: true })).toMatchObject([{ state: 'ok', found: 'root' }]);
  const files = [join(temporaryDirectory(), 'subuid')];
  const [ids] = await checkAccounts(runner, { isRoot: false, files });
  expect(ids).toMatchObject({ state: 'fault', fix: { command: expect.arrayContaining(['usermod']) } });
});

test('a range of ids is shown, and a small one is a warning', async () => {
  const uid = process.getuid?.() ?? 0;
  const home = plant(temporaryDirectory(), { large: `${uid}:100000:65536\n`, small: `${uid}:100000:1000\n` });
  const files = ['large', 'small'].map((name) => join(home, name));
  const checks = await checkAccounts(runner, { isRoot: false, files });
  expect(checks.slice(0, 2)).toMatchObject([
    { state: 'ok', found: '65536 from 100000' },
    { state: 'warning', found: '1000 from 100000' },
  ]);
});

test('credentials are looked for where a pull and a push need them', async () => {
  const auth = Buffer.from('ann:secret').toString('base64');
  const home = plant(temporaryDirectory(), {
    'auth.json': JSON.stringify({ auths: { 'known.example.com': { auth } } }),
  });
  const env = { REGISTRY_AUTH_FILE: join(home, 'auth.json') };
  const use = (name: string, isPush: boolean) => ({
    image: parseImageReference(name),
    registries: [],
    isPush,
  });
  const checks = await checkRegistries(
    [use('known.example.com/a', true), use('other.example.com/b', false), use('other.example.com/b', true)],
    { runner, env },
  );
  expect(checks.map(({ name, state, found }) => [name, state, found])).toEqual([
    ['known.example.com', 'ok', 'credentials'],
    ['other.example.com', 'ok', 'no credentials, anonymous access'],
    ['other.example.com', 'warning', 'no credentials, anonymous access'],
  ]);
  expect(JSON.stringify(checks)).not.toContain('secret');
});

test('an engine that is missing can be installed; a daemon that does not answer cannot', async () => {
  const context = {
    runner,
    signal: new AbortController().signal,
    env: { DOCKER_HOST: 'unix:///nowhere.sock' },
  };
  const docker = await checkEngine('docker', context);
  expect(docker).toMatchObject({ state: 'fault', problem: expect.stringContaining('/nowhere.sock') });
  expect(docker.fix).toBeUndefined();
  expect((await checkEngine('buildah', context)).name).toBe('buildah');
});

test('a BuildKit daemon that is not there, and its client, cannot be installed as packages', async () => {
  const { signal } = new AbortController();
  const bin = plant(temporaryDirectory(), { buildctl: '#!/bin/sh\necho "error: x" >&2\nexit 1\n' });
  chmodSync(join(bin, 'buildctl'), 0o755);
  const examine = (PATH: string) => {
    const env = { PATH, BUILDKIT_HOST: 'unix:///nowhere.sock' };
    return checkEngine('buildkit', {
      runner: createRunner({ signal, log: () => undefined, env }),
      signal,
      env,
    });
  };
  const absent = await examine(`${bin}:${process.env['PATH']}`);
  expect(absent).toMatchObject({ state: 'fault', problem: expect.stringContaining('/nowhere.sock') });
  const missing = await examine('/nowhere');
  expect(missing).toMatchObject({ state: 'fault', problem: 'buildctl is not installed' });
  expect(missing.remedy).toContain('release of BuildKit');
  expect([absent.fix, missing.fix]).toEqual([undefined, undefined]);
});

test('buildah is asked for its version with temporary files where any user may write', async () => {
  const bin = plant(temporaryDirectory(), {
    buildah: '#!/bin/sh\n[ "$TMPDIR" = "$EXPECTED" ] && echo "buildah version 1.30.0"\n',
  });
  chmodSync(join(bin, 'buildah'), 0o755);
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, EXPECTED: tmpdir() };
  const { signal } = new AbortController();
  const own = createRunner({ signal, log: () => undefined, env });
  expect(await checkEngine('buildah', { runner: own, signal, env })).toMatchObject({ state: 'ok' });
});

test('nothing fails without KVM', async () => {
  const trial = { device: '/dev/no-such-device' };
  const states = [true, false].map(async (isNeeded) => {
    return (await checkKvm(runner, { arch: 'amd64', isNeeded, trial })).state;
  });
  expect(await Promise.all(states)).toEqual(['warning', 'unused']);
});

test('a BIOS needs no firmware', async () => {
  expect(await checkFirmware('amd64', 'bios')).toEqual([]);
  expect(await checkFirmware('amd64', 'uefi')).toHaveLength(1);
});

test('what can be fixed is one installation and the other commands; the rest is named', () => {
  const fault = (name: string, fix?: Check['fix']): Check => ({
    area: 'tools',
    name,
    state: 'fault',
    ...(fix === undefined ? {} : { fix }),
  });
  const ids = { command: ['usermod', 'ann'] };
  const checks: Check[] = [
    fault('a', { install: 'package-a' }),
    fault('b', { install: 'package-b' }),
    fault('/etc/subuid', ids),
    fault('/etc/subgid', ids),
    fault('cosign'),
    { ...fault('unused', { install: 'package-c' }), state: 'unused' },
  ];
  const { commands, left } = planFix(checks, system);
  expect(commands.map((words) => words.join(' '))).toEqual([
    'sudo apt-get install -y --no-install-recommends package-a package-b',
    'usermod ann',
  ]);
  expect(left.map(({ name }) => name)).toEqual(['cosign']);
  const missing = [fault('mmdebstrap', { install: 'mmdebstrap' })];
  expect(planFix(missing, { ...system, manager: 'dnf' })).toMatchObject({ commands: [], left: missing });
});
