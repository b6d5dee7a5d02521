import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Proof } from '../../src/factory/prove/prove.ts';
import { factory, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { testQemu } from './qemu.ts';

let home: string;
let build: TestBuild;

beforeAll(async () => {
  build = await testBuild();
  home = await mkdtemp(join(TEST_HOME, 'prove-'));
  const { program, arguments: args, env } = testQemu();
  const variables = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`);
  const words = [program, ...args].map((word) => `'${word}'`).join(' ');
  await mkdir(join(home, 'bin'));
  await writeFile(
    join(home, 'bin/qemu-system-x86_64'),
    ['#!/bin/sh', ...variables, `exec ${words} "$@"`, ''].join('\n'),
  );
  await chmod(join(home, 'bin/qemu-system-x86_64'), 0o755);
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Runs `prove` with the QEMU of test machines. */
async function prove(...args: string[]) {
  const env = { PATH: `${join(home, 'bin')}:${process.env['PATH']}` };
  const evidence = join(home, 'evidence');
  const { status, stdout, stderr } = await factory(
    ['prove', ...args, '--no-kvm', '--json', '--evidence', evidence],
    { env },
  );
  expect(stdout, stderr).toMatch(/^\{/);
  return { status, stderr, evidence, proof: JSON.parse(stdout) as Proof };
}

test('the raw disk proves itself on UEFI, with a check of the person that fails', async () => {
  const checks = join(home, 'checks');
  await mkdir(checks);
  await writeFile(join(checks, 'efi.sh'), '[ -d /sys/firmware/efi ] && echo uefi\n');
  await writeFile(join(checks, 'wrong.sh'), 'printf "not \\377 right"; exit 3\n');
  const { status, stderr, evidence, proof } = await prove(
    build.artifact('raw'),
    '--firmware',
    'uefi',
    '--checks',
    checks,
  );
  expect(status, stderr).toBe(5);
  expect(proof.passed).toBe(false);
  const failed = proof.results.filter(({ failure }) => failure !== undefined);
  expect(failed).toMatchObject([{ event: 'boot', check: 'wrong.sh', output: 'not \uFFFD right' }]);
  expect(proof.results).toContainEqual(
    expect.objectContaining({ event: 'boot', check: 'efi.sh', output: 'uefi' }),
  );
  expect(stderr).toContain('passed  ');

  expect(await readFile(proof.junit, 'utf8')).toContain('failures="1"');
  const statement = JSON.parse(await readFile(proof.statement, 'utf8'));
  const { sha256 } = build.report.manifest.artifacts.find(({ kind }) => kind === 'raw') ?? {};
  expect(statement.subject).toMatchObject([{ digest: { sha256 } }]);
  expect(statement.predicate).toMatchObject({
    result: 'FAILED',
    failedTests: [expect.stringContaining('wrong.sh')],
  });
  const [{ file = '' } = {}] = build.report.manifest.artifacts.filter(({ kind }) => kind === 'raw');
  expect(await readFile(join(evidence, `${file}.uefi.console.log`), 'utf8')).toContain('Linux version');
  const picture = await readFile(join(evidence, `${file}.uefi.png`));
  expect(picture.subarray(1, 4).toString()).toBe('PNG');
});

// Takes the time of eight boots; the life of a node is tested in more detail by itself.
test.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')(
  'the ISO proves a whole life: install, upgrade, fallback, reset (KAIROS_FACTORY_TEST_ALL=1)',
  async () => {
    const life = 'boot,install,upgrade,fallback,reset';
    const { status, stderr, proof } = await prove(
      build.artifact('iso'),
      '--firmware',
      'bios',
      '--life',
      life,
    );
    expect(status, stderr).toBe(0);
    expect(proof.results.map(({ event }) => event)).toEqual(expect.arrayContaining(life.split(',')));
  },
);
