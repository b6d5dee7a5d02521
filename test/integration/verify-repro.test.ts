import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderRepro } from '../../src/factory/cli/render-repro.ts';
import type { ReproReport } from '../../src/factory/pipeline/verify-repro.ts';
import { factory, TEST_HOME } from '../support/factory.ts';
import { makeSmallSystem } from '../support/small-system.ts';
import { tool } from '../support/tool.ts';

// Builds that take seconds, whose initramfs is either reproducible or not.

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)('verify-repro (needs root: packs a root with its owners)', () => {
  let home: string;
  let base: Awaited<ReturnType<typeof makeSmallSystem>>;
  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'repro-'));
    base = await makeSmallSystem(home);
  });
  afterAll(() => tool('rm', '-rf', home));

  async function verify(file: string, ...more: string[]) {
    const output = join(home, 'out');
    await rm(output, { recursive: true, force: true });
    const args = [
      'verify-repro',
      '--flavor',
      './flavor.yaml',
      '--base',
      file,
      '--artifact',
      'oci,squashfs',
      '--compression',
      'fast',
    ];
    const cache = join(home, 'cache');
    const outcome = await factory([...args, '--output', output, ...more], {
      cwd: home,
      env: { KAIROS_FACTORY_CACHE: cache },
    });
    expect(await readdir(join(cache, 'work'))).toEqual([]);
    return outcome;
  }

  test('reports success, and what was varied', async () => {
    const file = await base('sure', 'echo 070701 >/boot/initrd');
    const { status, stdout, stderr } = await verify(file);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^Reproducible: the second build gave the same bytes as .*\/out\.$/m);
    expect(stdout).toMatch(
      /different directories, cache, time, time zone, locale, umask and number of processors\.$/m,
    );
    expect((await readdir(join(home, 'out'))).filter((name) => !name.startsWith('.')).sort()).toEqual([
      'SHA256SUMS',
      expect.stringMatching(/\.cdx\.json$/),
      expect.stringMatching(/\.oci$/),
      expect.stringMatching(/\.provenance\.json$/),
      expect.stringMatching(/\.spdx\.json$/),
      expect.stringMatching(/\.squashfs$/),
      'manifest.json',
    ]);
  });

  test('reports the differing byte of each file, and the step that caused it', async () => {
    const file = await base('unsure', '{ echo 0707010123; cat /proc/sys/kernel/random/uuid; } >/boot/initrd');
    const { status, stdout, stderr } = await verify(file, '--json');
    expect(status, stderr).toBe(5);
    const report = JSON.parse(stdout) as ReproReport;
    const { isReproducible, targets } = report;
    expect(isReproducible).toBe(false);
    const [first, ...others] = targets[0]?.blame ?? [];
    const inside = { tree: 'rootfs', path: 'boot/initrd', offset: expect.any(Number) as number };
    expect(first).toMatchObject({ step: 'image', inside });
    expect(first?.inside?.offset).toBeGreaterThanOrEqual(11);
    expect(others.map(({ step }) => step)).toEqual(['image', 'provenance', 'release files', 'release files']);
    expect(renderRepro(report)).toMatch(
      /caused by the step image \(in its rootfs: boot\/initrd, byte \d+\)$/m,
    );
  });

  test('reports the output of a failed build', async () => {
    const { status, stderr } = await verify(await base('broken', 'echo no way >&2; exit 1'));
    expect(status).toBe(4);
    expect(stderr).toContain('the first build failed');
    expect(stderr).toContain('no way');
  });
});
