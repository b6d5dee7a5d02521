import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { SizeReport } from '../../src/factory/inspect/size/size-report.ts';
import { factory, type TestBuild, testBuild } from '../support/factory.ts';

let build: TestBuild;
beforeAll(async () => {
  build = await testBuild();
});

async function sizeOf(...args: readonly string[]): Promise<SizeReport> {
  const { status, stdout, stderr } = await factory(['size', ...args, '--json']);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as SizeReport;
}

test('every artifact of a build has the same content', async () => {
  const squashfs = await sizeOf(build.artifact('squashfs'));
  expect(squashfs.parts.reduce((sum, { size }) => sum + size, 0)).toBe(squashfs.content);
  expect(squashfs.packages.find(({ name }) => name.startsWith('linux-image-'))?.size).toBeGreaterThan(
    50_000_000,
  );
  for (const kind of ['oci', 'iso', 'raw'] as const) {
    const { content, packages, parts } = await sizeOf(build.artifact(kind));
    expect({ content, packages, parts }, kind).toEqual({
      content: squashfs.content,
      packages: squashfs.packages,
      parts: squashfs.parts,
    });
  }
  const whole = await sizeOf(build.output, '--compare', build.artifact('oci'));
  expect(whole.artifact).toBe(build.artifact('squashfs').slice(build.output.length + 1));
  expect(whole.compared).toMatchObject({ packages: [], parts: [], directories: [] });
});

test('a budget that is exceeded ends with 5, and the report', async () => {
  const { status, stdout, stderr } = await factory([
    'size',
    build.artifact('squashfs'),
    '--budget',
    '100MiB',
  ]);
  expect(status).toBe(5);
  expect(stdout).toContain('Packages');
  expect(stderr).toMatch(/more than the budget of 100 MiB\n.*package .*\n.*code: SIZE_BUDGET_EXCEEDED/s);
  expect((await factory(['size', build.artifact('squashfs'), '--budget', '100GiB'])).status).toBe(0);
  expect((await factory(['size', join(build.output, 'SHA256SUMS')])).status).toBe(2);
  expect((await factory(['size', build.output, '--budget', 'much'])).status).toBe(2);
});
