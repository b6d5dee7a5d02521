import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { factory, TEST_HOME, testBuild } from '../support/factory.ts';
import { expectHealthyBoot } from './healthy-boot.ts';

/** The machines that the clouds of these disks offer. */
const MACHINES = [
  { kind: 'vhd', firmware: 'uefi' },
  { kind: 'vmdk', firmware: 'bios' },
] as const;

describe.skipIf(!process.env['KAIROS_FACTORY_TEST_ALL'])('disks for clouds', () => {
  let output: string;
  let report: BuildReport;
  beforeAll(async () => {
    const build = await testBuild();
    output = await mkdtemp(join(TEST_HOME, 'vm-clouds-'));
    const args = ['--artifact', MACHINES.map(({ kind }) => kind).join(','), '--output', output, '--json'];
    const made = await factory(['artifacts', '--image', `oci:${build.artifact('oci')}`, ...args]);
    expect(made.status, made.stderr).toBe(0);
    report = JSON.parse(made.stdout) as BuildReport;
  });
  afterAll(() => rm(output, { recursive: true, force: true }));

  test.each(MACHINES)('the $kind boots on $firmware into the active slot and is healthy', async (machine) => {
    const found = report.manifest.artifacts.find(({ kind }) => kind === machine.kind);
    await expectHealthyBoot(join(output, found?.file ?? ''), machine.firmware);
  });
});
