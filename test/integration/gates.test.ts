import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { factory, TEST_HOME } from '../support/factory.ts';
import { PLANTED } from '../unit/factory/inspect/audit/planted.ts';
import { plantOs } from '../unit/support/os-tree.ts';

// The gates that can refuse an image: the scans for secrets and vulnerabilities. The image is the smallest tree that counts
// as an OS; real images pass the gates in every other test that builds.
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(TEST_HOME, 'gates-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('gates', () => {
  const artifacts = (overlay: string, output: string, more: readonly string[] = [], env = {}) =>
    factory(
      [
        ...['artifacts', '--image', `dir:${os}`, '--artifact', 'squashfs', '--compression', 'fast'],
        ...['--overlay-rootfs', overlay, '--output', output, '--json', ...more],
      ],
      { env },
    );
  let os: string;
  beforeAll(async () => {
    os = join(scratch, 'os');
    await mkdir(os);
    plantOs(os);
  });

  test('refuses an image with a secret of any kind, and writes no output', async () => {
    const overlay = join(scratch, 'overlay');
    // With these, the image would already fail the conformance check.
    const planted = PLANTED.filter(({ path }) => path !== 'etc/machine-id');
    const credential = 'correct-horse-battery-staple';
    const all = [
      ...planted,
      { kind: 'build-credential', path: 'etc/site.conf', content: `key=${credential}\n` },
    ];
    for (const { path, content } of all) {
      await mkdir(dirname(join(overlay, path)), { recursive: true });
      await writeFile(join(overlay, path), content);
    }
    const output = join(scratch, 'refused');
    const env = { SITE_DEPLOY_TOKEN: credential };
    const { status, stdout, stderr } = await artifacts(overlay, output, [], env);
    expect(status, stderr).toBe(5);
    const { error } = JSON.parse(stdout) as { error: { message: string; details: string[]; log: string } };
    expect(error.message).toBe(`look for secrets: ${all.length} secret(s) in the build output`);
    expect(await readdir(output)).not.toContainEqual(expect.stringMatching(/squashfs$|^SHA256SUMS$/));
    const log = await readFile(error.log, 'utf8');
    for (const text of [stdout, stderr, log]) expect(text).not.toContain(credential);

    // The same image passes if the configuration allows the findings.
    const allow = all.map(({ path }) => ({ path: `/${path}`, reason: 'planted by a test' }));
    const passed = await artifacts(overlay, output, ['--set', `audit=${JSON.stringify({ allow })}`], env);
    expect(passed.status, passed.stderr).toBe(0);
  });

  test('passes the SBOM to a scanner, and keeps the report', async () => {
    // A stand-in for grype with the same command line, because grype's database cannot be fetched here.
    const bin = join(scratch, 'bin');
    await mkdir(bin);
    const match = (severity: string) => ({
      vulnerability: { id: 'CVE-2026-1', severity, fix: { versions: ['9'] } },
      artifact: { name: 'openssl', version: '3' },
    });
    const report = JSON.stringify({ matches: [match('High')] });
    const script = `#!/bin/sh\ngrep -q SPDX-2.3 "\${6#sbom:}" || exit 1\nprintf '%s' '${report}' >"$5"\n`;
    await writeFile(join(bin, 'grype'), script);
    await chmod(join(bin, 'grype'), 0o755);
    const empty = join(scratch, 'empty');
    await mkdir(empty);
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    const output = join(scratch, 'scanned');
    const passed = await artifacts(empty, output, ['--fail-on', 'critical'], env);
    expect(passed.status, passed.stderr).toBe(0);
    expect(JSON.parse(passed.stdout)).toMatchObject({
      vulnerabilities: { status: 'passed', counts: { high: 1 } },
    });
    const refused = await artifacts(empty, output, ['--fail-on', 'high'], env);
    expect(refused.status).toBe(5);
    expect(JSON.parse(refused.stdout).error.details).toEqual(['high: CVE-2026-1 in openssl 3 (fixed in 9)']);
    const missing = await artifacts(empty, output, ['--fail-on', 'high']);
    expect(missing.status).toBe(3);
    expect(JSON.parse(missing.stdout).error).toMatchObject({
      code: 'TOOL_MISSING',
      message: 'grype is not installed',
    });
    const skipped = await artifacts(empty, output, ['--fail-on', 'high,unless-missing']);
    expect(skipped.status, skipped.stderr).toBe(0);
    expect(JSON.parse(skipped.stdout)).toMatchObject({ vulnerabilities: { status: 'skipped' } });
    expect(skipped.stderr).toContain('skipped the scan for vulnerabilities: grype is not installed');
  });
});
