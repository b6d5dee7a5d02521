import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createProgram } from '../../../../src/factory/cli/program.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

afterEach(() => vi.restoreAllMocks());

/** The output of `kairos-factory validate` for a file. */
async function validate(text: string, ...flags: string[]) {
  const file = join(plant(temporaryDirectory(), { 'c.yaml': text }), 'c.yaml');
  const lines: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  const args = ['validate', ...flags, file];
  const work = async () => (await createProgram(args)).parseAsync(args, { from: 'user' });
  return { file, lines, work };
}

test('kairos-factory validate prints findings', async () => {
  const { file, lines, work } = await validate('#cloud-config\ntypo: 1\n');
  await work();
  expect(lines.join('')).toBe(`${file}:2:1: warning: unknown key "typo"\n`);
});

test('kairos-factory validate --strict --json fails on warnings, and prints JSON', async () => {
  const { lines, work } = await validate('#cloud-config\ntypo: 1\n', '--strict', '--json');
  await failureOf(work, 'verification');
  expect(JSON.parse(lines.join(''))).toEqual([expect.objectContaining({ severity: 'error' })]);
});

test('kairos-factory validate names a missing file', async () => {
  const args = ['validate', '/nowhere/c.yaml'];
  const error = await failureOf(
    async () => (await createProgram(args)).parseAsync(args, { from: 'user' }),
    'usage',
  );
  expect(error.message).toContain('/nowhere/c.yaml: cannot be read');
});
