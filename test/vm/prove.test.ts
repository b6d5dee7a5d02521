import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateKeyPair } from '../support/cosign.ts';
import { TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { startRegistry } from '../support/registry.ts';
import { type Proving, startProving } from './proving.ts';

let home: string;
let build: TestBuild;
let run: Proving['run'];
let prove: Proving['prove'];

beforeAll(async () => {
  build = await testBuild();
  home = await mkdtemp(join(TEST_HOME, 'prove-'));
  ({ run, prove } = await startProving(home));
});
afterAll(() => rm(home, { recursive: true, force: true }));

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

test.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')(
  'a build proves its disk, signs the result, and lists nothing that failed (KAIROS_FACTORY_TEST_ALL=1)',
  async () => {
    const key = await generateKeyPair(home, 'release');
    const output = join(home, 'proven');
    const args = ['build', '--flavor', 'debian', '--base', 'bootstrap:bookworm', '--kernel', 'cloud'];
    args.push('--version', 'v1.2.3', '--compression', 'fast', '--output', output, '--artifact', 'raw,oci');
    args.push('--set', 'prove.kvm=false', '--sign', key.privateKey, '--prove');

    await writeFile(join(home, 'wrong.sh'), 'echo not today; exit 3\n');
    const failed = await run([...args, '--set', `prove.checks=${join(home, 'wrong.sh')}`]);
    expect(failed.status, failed.stderr).toBe(5);
    expect(failed.stderr).toContain('boot: wrong.sh: the check ended with status 3');
    expect(failed.stderr).toContain('PROOF_FAILED');
    expect(await readdir(output)).not.toContain('SHA256SUMS');
    expect(await readdir(join(output, 'proof'))).toContain('test-result.json');

    const passed = await run(args);
    expect(passed.status, passed.stderr).toBe(0);
    const verify = ['verify', output, '--key', key.publicKey, '--require-proof'];
    expect((await run([...verify, 'boot'])).stdout).toContain('Proven to pass: boot.');
    expect((await run([...verify, 'upgrade'])).status).toBe(5);
    // The disk is the same, so that it is not booted again.
    expect((await run([...args, '--plan'])).stdout).toMatch(/^proof +cached/m);
  },
);

test.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')(
  'an image of a registry is proven, and carries the result (KAIROS_FACTORY_TEST_ALL=1)',
  async () => {
    await using registry = await startRegistry();
    const key = await generateKeyPair(home, 'image');
    const reference = `${registry.host}/team/os:v1`;
    const pushed = await run([
      'push',
      `oci:${build.artifact('oci')}`,
      '--to',
      reference,
      '--sign',
      key.privateKey,
    ]);
    expect(pushed.status, pushed.stderr).toBe(0);
    const verify = ['verify', reference, '--no-content', '--key', key.publicKey, '--require-proof', 'boot'];
    expect((await run(verify)).status).toBe(5);
    const { status, stderr } = await prove(reference, '--sign', key.privateKey);
    expect(status, stderr).toBe(0);
    const verified = await run(verify);
    expect(verified.stdout, verified.stderr).toContain('Proven to pass: boot.');
  },
);
