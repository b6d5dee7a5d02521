import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FailOn } from '../../../../src/factory/config/fail-on.ts';
import { requireFacts } from '../../../../src/factory/pipeline/step.ts';
import {
  atLeast,
  VULNERABILITY_STEP,
  vulnerabilityStep,
} from '../../../../src/factory/pipeline/steps/vulnerability-step.ts';
import { GRYPE } from '../../../../src/factory/tools/grype.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

// These tests cannot download grype's vulnerability database. A script of that name implements its command line
// (grype --output json --file FILE sbom:FILE) and the form of its report.
const found = (id: string, severity: string, fix: readonly string[] = []) => ({
  vulnerability: { id, severity, fix: { versions: fix, state: fix.length > 0 ? 'fixed' : 'not-fixed' } },
  artifact: { name: 'openssl', version: '3.0.1', purl: 'pkg:deb/debian/openssl@3.0.1' },
  matchDetails: [],
});

/** Runs the step with a scanner that reports these matches, or without a scanner. */
async function scan(
  matches: readonly object[] | undefined,
  { severity = 'critical', unlessMissing = false }: Partial<FailOn> = {},
) {
  const home = plant(temporaryDirectory(), { 'sbom.json': '{}' });
  if (matches !== undefined) {
    plant(home, {
      'answer.json': JSON.stringify({ matches, descriptor: { name: 'grype', version: '0.100.0' } }),
      grype: [
        '#!/bin/sh',
        '[ "$*" = "--quiet --output json --file $5 sbom:$HOME/sbom.json" ] || { echo "wrong: $*" >&2; exit 1; }',
        'cat "$HOME/answer.json" >"$5"',
      ].join('\n'),
    });
    chmodSync(join(home, 'grype'), 0o755);
  }
  const runner = createRunner({
    signal: new AbortController().signal,
    log: () => undefined,
    env: { PATH: `${home}:/usr/bin:/bin`, HOME: home },
  });
  const notices: string[] = [];
  const step = vulnerabilityStep({ runner }, { severity, unlessMissing });
  const context = {
    runner,
    objects: home,
    scratch: home,
    say: () => undefined,
    glimpse: () => undefined,
    notice: (text: string) => notices.push(text),
  };
  const results = new Map([['sbom', { digest: '', facts: {}, files: { spdx: join(home, 'sbom.json') } }]]);
  const result = requireFacts(VULNERABILITY_STEP, {
    digest: '',
    ...(await step.run(context, results)),
  });
  return { scan: result.facts.scan, notices, digest: result.digest };
}

describe('the vulnerability scan', () => {
  test('fails without a scanner before it writes anything', async () => {
    await expect(scan(undefined)).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      remedy: expect.stringContaining('--fail-on SEVERITY,unless-missing'),
    });
    const step = (unlessMissing: boolean) =>
      vulnerabilityStep(
        { runner: createRunner({ signal: new AbortController().signal, log: () => undefined, env: {} }) },
        { severity: 'low', unlessMissing },
      );
    expect(step(false).tools).toEqual([GRYPE]);
    expect(step(true).tools).toEqual([]);
  });

  test('is skipped with a notice if that is allowed', async () => {
    expect(await scan(undefined, { unlessMissing: true })).toEqual({
      scan: { status: 'skipped', reason: 'grype is not installed' },
      notices: [expect.stringMatching(/skipped the scan for vulnerabilities: grype is not installed/)],
      digest: 'passed',
    });
  });

  test('passes below the limit and reports the counts', async () => {
    expect(await scan([found('CVE-1', 'High'), found('CVE-2', 'High'), found('CVE-3', 'Low')])).toMatchObject(
      {
        scan: { status: 'passed', counts: { high: 2, low: 1 } },
        notices: [],
      },
    );
  });

  test('fails at the limit, and lists the worst first with the fix', async () => {
    const matches = [
      found('CVE-2', 'Medium'),
      found('CVE-1', 'Critical', ['3.0.2']),
      found('CVE-3', 'Negligible'),
    ];
    await expect(scan(matches, { severity: 'low' })).rejects.toMatchObject({
      kind: 'verification',
      message: '2 known vulnerabilities of severity low or worse',
      details: [
        'critical: CVE-1 in openssl 3.0.1 (fixed in 3.0.2)',
        'medium: CVE-2 in openssl 3.0.1 (no fix yet)',
      ],
    });
  });

  test('fails when the output is not a report', async () => {
    await expect(scan([{ nothing: true }])).rejects.toMatchObject({ kind: 'step' });
  });
});

test('an unknown severity is worse than all others', () => {
  const one = (severity: string) => ({ id: severity, severity, package: 'a', version: '1' });
  const all = ['negligible', 'unknown', 'low', 'medium', 'high', 'critical'].map(one);
  expect(atLeast(all, 'negligible').map(({ id }) => id)).toEqual([
    'unknown',
    'critical',
    'high',
    'medium',
    'low',
    'negligible',
  ]);
  expect(atLeast(all, 'critical').map(({ id }) => id)).toEqual(['unknown', 'critical']);
});
