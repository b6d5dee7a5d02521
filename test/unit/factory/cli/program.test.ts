import { expect, test } from 'vitest';
import { createProgram } from '../../../../src/factory/cli/program.ts';

const names = async (...args: string[]) => (await createProgram(args)).commands.map((each) => each.name());

test('loads the one command that the arguments name', async () => {
  const all = await names('--help');
  expect(all.length).toBeGreaterThan(10);
  for (const name of all) expect(await names(name, '--help')).toEqual([name]);
});

test('loads all commands for help and for suggestions, and none for the version', async () => {
  const all = await names('--help');
  expect(await names()).toEqual(all);
  expect(await names('help', 'build')).toEqual(all);
  expect(await names('biuld')).toEqual(all);
  expect(await names('--version')).toEqual([]);
});
