import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderReport, renderTargets } from '../../../../src/factory/cli/render-report.ts';
import type { BuildReport } from '../../../../src/factory/pipeline/build-report.ts';

describe('renderReport', () => {
  const artifact = (kind: 'iso' | 'raw' | 'qcow2' | 'squashfs', size: number) => ({
    kind,
    file: `kairos.${kind}`,
    size,
    sha256: 'x',
  });
  const REPORT: BuildReport = {
    output: resolve('build'),
    manifest: {
      schema: 1,
      tool: 'kairos-factory v0.1.0',
      release: {},
      sourceDateEpoch: 1,
      artifacts: [artifact('iso', 3 * 1024 ** 3), artifact('raw', 5 * 1024 ** 2), artifact('squashfs', 512)],
      documents: [],
    },
    steps: [
      { id: 'artifact:iso', seconds: 1.26, cached: false },
      { id: 'artifact:raw', seconds: 0.01, cached: true },
    ],
    seconds: 12.34,
  };

  test.each([
    [{ status: 'skipped', reason: 'grype is not installed' }, 'were NOT scanned: grype is not installed.'],
    [{ status: 'scanned', counts: {} }, 'No known vulnerabilities.'],
    [{ status: 'scanned', counts: { high: 2, low: 1 } }, 'below the limit: 2 high, 1 low.'],
  ])('says what a scan for vulnerabilities found: %j', (vulnerabilities, text) => {
    expect(renderReport({ ...REPORT, vulnerabilities: vulnerabilities as never })).toContain(text);
  });

  test('lists the images that it was made from, the artifacts of each target, and targets that failed', () => {
    const images = [{ reference: 'a.example/os:v1', digest: 'sha256:a' } as never];
    const manifest = { ...REPORT.manifest, images };
    expect(renderReport({ ...REPORT, manifest })).toContain('From a.example/os:v1 (sha256:a).');
    const targets = [
      { ...REPORT, name: 'one', status: 'done' },
      { name: 'two', status: 'failed' },
    ];
    expect(renderTargets({ targets, seconds: 1 } as never).split('\n')).toEqual([
      'TARGET  STATE   FILE                   SIZE',
      'one     done    build/kairos.iso       3.00 GiB',
      '                build/kairos.raw       5.0 MiB',
      '                build/kairos.squashfs  0.5 KiB',
      'two     failed',
      '',
      '1 of 2 targets done in 1.0 s.',
      '',
    ]);
  });

  test('shows files, sizes, times, and how to boot the most suitable', () => {
    expect(renderReport(REPORT)).toMatchInlineSnapshot(`
      "ARTIFACT  FILE             SIZE      TIME
      iso       kairos.iso       3.00 GiB  1.3 s
      raw       kairos.raw       5.0 MiB   cached
      squashfs  kairos.squashfs  0.5 KiB

      build/SHA256SUMS and build/manifest.json list the files.
      Done in 12.3 s; 1 of 2 steps from the cache.
      Boot it, with an account to log in: kairos-factory boot build/kairos.raw --user
      "
    `);
  });

  test('shows that the vulnerability scan was skipped, or its result', () => {
    const text = (vulnerabilities: BuildReport['vulnerabilities'] & object) =>
      renderReport({ ...REPORT, vulnerabilities });
    expect(text({ status: 'skipped', reason: 'grype is not installed' })).toContain(
      'Vulnerabilities were NOT scanned: grype is not installed.\n',
    );
    expect(text({ status: 'passed', counts: { low: 2, medium: 1 } })).toContain(
      'Known vulnerabilities below the limit: 2 low, 1 medium.\n',
    );
    expect(text({ status: 'passed', counts: {} })).toContain('No known vulnerabilities.\n');
  });

  test('suggests the disk image that boots fastest', () => {
    const artifacts = [...REPORT.manifest.artifacts, artifact('qcow2', 1)];
    const text = renderReport({ ...REPORT, manifest: { ...REPORT.manifest, artifacts } });
    expect(text).toContain('kairos-factory boot build/kairos.qcow2');
  });

  test('suggests nothing without a bootable artifact', () => {
    const manifest = { ...REPORT.manifest, artifacts: [artifact('squashfs', 1)] };
    expect(renderReport({ ...REPORT, manifest })).not.toContain('Boot it');
  });

  test('says so when everything is up to date', () => {
    const steps = REPORT.steps.map((step) => ({ ...step, cached: true }));
    expect(renderReport({ ...REPORT, steps })).toContain('Everything is up to date (12.3 s).');
  });

  test('shows a directory in the working directory by its relative path, and another one by its whole path', () => {
    expect(renderReport({ ...REPORT, output: process.cwd() })).toContain('./manifest.json');
    expect(renderReport({ ...REPORT, output: '/out' })).toContain(' /out/manifest.json');
  });
});
