import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import { examineMachine } from '../../../../src/factory/pipeline/examine-machine.ts';
import { withAllFaults } from '../../../../src/factory/pipeline/machine-faults.ts';
import { machineNeeds } from '../../../../src/factory/pipeline/machine-needs.ts';
import { planTargets } from '../../../../src/factory/pipeline/run-targets.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const DEBIAN = {
  flavor: 'debian',
  release: 'bookworm',
  arch: 'amd64',
  engine: 'buildah',
  artifacts: ['iso'],
  'push.to': 'registry.example.com/team/os',
};
const debian = async (more: Record<string, unknown> = {}) => [
  { name: undefined, spec: await loadBuildSpec({ set: [], flags: { ...DEBIAN, ...more } }, () => undefined) },
];
const context = (path = process.env['PATH']) => {
  const { signal } = new AbortController();
  const env = { ...process.env, PATH: path };
  return { signal, env, runner: createRunner({ signal, log: () => undefined, env }) };
};

test('the needs of a build come from its steps, without an engine and without writing', async () => {
  const root = join(temporaryDirectory(), 'cache');
  const { tools, registries, room, boots } = await machineNeeds(await debian(), context(), root);
  const found = new Map(tools.map(({ tool, neededBy }) => [tool.name, neededBy]));
  expect(found.get('xorriso')).toEqual(['make iso']);
  expect(found.get('mmdebstrap')).toEqual(['bootstrap debian bookworm']);
  expect(found.has('qemu-img')).toBe(false);
  expect(registries.map(({ image, isPush }) => [image.registry, isPush])).toEqual([
    ['registry.example.com', true],
  ]);
  expect(room.map(({ purpose, likely }) => [purpose, likely > 0])).toEqual([
    ['cache and images', true],
    ['artifacts', true],
    ['bootstrap', true],
  ]);
  expect([boots, existsSync(root)]).toEqual([[], false]);
});

test('a signed and proven build needs more', async () => {
  const targets = await debian({ 'sign.key': 'k', prove: { life: ['boot'], firmware: ['uefi'] } });
  const { tools, boots } = await machineNeeds(targets, context(), temporaryDirectory());
  const names = tools.map(({ tool }) => tool.name);
  expect(names).toEqual(expect.arrayContaining(['cosign', 'qemu-system-x86_64']));
  expect(boots).toEqual([{ arch: 'amd64', firmwares: ['uefi'] }]);
});

test('a build on a bare machine fails with everything that it lacks, and one command', async () => {
  // The runner looks into the directories of the system too, so only programs elsewhere can be missing.
  const bare = temporaryDirectory();
  vi.stubEnv('PATH', bare);
  vi.stubEnv('KAIROS_FACTORY_CACHE', join(temporaryDirectory(), 'cache'));
  const first = new FactoryError('TOOL_MISSING', 'flock is not installed');
  const error = await failureOf(
    async () => withAllFaults(await debian(), () => Promise.reject(first)),
    'tool',
  );
  expect(error.details).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^buildah is not installed \(/),
      expect.stringMatching(/^xorriso is not installed \(/),
      expect.stringMatching(/^mksquashfs is not installed \(/),
    ]),
  );
  expect(error.details.filter((line) => line.startsWith('flock'))).toHaveLength(1);
  expect(error.remedy).toMatch(/install .*buildah.*mmdebstrap.*squashfs-tools.*xorriso/);
  expect(readdirSync(bare)).toEqual([]);
});

test('errors of other kinds, and those after the checks, stay as they are', async () => {
  const usage = new FactoryError('OPTION_INVALID', 'wrong');
  expect(await failureOf(() => withAllFaults([], () => Promise.reject(usage)))).toBe(usage);
  const late = new FactoryError('TOOL_MISSING', 'late');
  const run = async (ready: () => void) => {
    ready();
    throw late;
  };
  expect(await failureOf(() => withAllFaults([], run))).toBe(late);
});

test('a missing engine is reported together with the tools of the steps', async () => {
  const bin = temporaryDirectory();
  for (const name of ['sh', 'flock', 'cat']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
  vi.stubEnv('PATH', bin);
  vi.stubEnv('KAIROS_FACTORY_CACHE', join(temporaryDirectory(), 'cache'));
  const options = {
    useCache: true,
    locked: false,
    offline: false,
    emit: () => undefined,
    onLog: () => undefined,
  };
  const error = await failureOf(async () => planTargets(await debian(), options), 'tool');
  expect(error.message).toMatch(/^(\d\d|[3-9]) programs are not installed$|lacks/);
});

test('the report covers every area, and the program in general without a build', async () => {
  vi.stubEnv('KAIROS_FACTORY_CACHE', temporaryDirectory());
  const system = { name: 'Debian', manager: 'apt', needsSudo: true } as const;
  const bare = { ...context(temporaryDirectory()), system };
  const general = await examineMachine(undefined, bare);
  expect(general.filter(({ name }) => name === 'cosign')).toMatchObject([{ state: 'unused' }]);
  expect(general.filter(({ name }) => name === 'xorriso')).toMatchObject([
    { state: 'fault', package: 'xorriso', neededBy: ['build --artifact iso', 'boot --user'] },
  ]);
  const forNetboot = general.filter(({ neededBy }) => neededBy?.includes('serve-netboot'));
  expect(forNetboot.map(({ name }) => name)).toEqual([
    ...['dnsmasq', 'setpriv', 'iPXE for amd64', 'iPXE for arm64'],
  ]);
  const place = temporaryDirectory();
  const room = (await examineMachine(undefined, { ...bare, output: place })).filter(
    ({ area }) => area === 'room',
  );
  expect(room.map(({ name }) => name)).toContain(place);
  const areas = new Set((await examineMachine(await debian(), bare)).map(({ area }) => area));
  expect([...areas].sort()).toEqual(['accounts', 'engine', 'registries', 'room', 'tools', 'virtualisation']);
});
