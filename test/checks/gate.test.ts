import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../support/factory.ts';
import { loweredFloors } from '../support/gate/coverage.ts';
import { parseAllowedSkips } from '../support/gate/skips.ts';
import { tool } from '../support/tool.ts';
import { projectFiles } from './project-files.ts';

const FLOORS = 'test/coverage-floors.json';
const SKIPS = parseAllowedSkips(await readFile(join(PROJECT, 'test/allowed-skips.json'), 'utf8'));
/** A suite or a test outside of all others, with its title. */
const OUTERMOST = /^(?:describe|test)\b.*?\(\s*(['`])(.*?)\1/gms;
const CONDITION = /^ *(?:describe|test)\.(?:skipIf|runIf)\(/m;

test('tests that may be skipped exist', async () => {
  for (const entry of SKIPS) {
    const titles = entry.test.split(' > ');
    const [outermost = '', title = ''] = [titles[0], titles.at(-1)];
    const source = await readFile(join(PROJECT, entry.file), 'utf8');
    // A title of a table has a place for the value. scripts/test compares the whole name, when the file has run.
    const tables = [...source.matchAll(/'([^'\n]{5,})%s/g)].map(([, start = '']) => start);
    const isTable = tables.some((start) => title.startsWith(start));
    expect(isTable ? title : source, entry.file).toContain(title);
    const starts = [...source.matchAll(OUTERMOST)].map(([, , start = '']) => start);
    expect(
      // The gate takes a prefix that ends at a space, so a comma after it would make the entry match nothing.
      starts.filter((start) => `${start} `.startsWith(`${outermost} `)),
      `${entry.file}: the name begins with the outermost suite, up to its end or a space`,
    ).not.toEqual([]);
  }
});

test('files whose tests have a condition are on the list', async () => {
  const listed = new Set(SKIPS.map(({ file }) => file));
  const conditional = [...(await projectFiles())].filter(
    ([path, text]) => path.endsWith('.test.ts') && CONDITION.test(text),
  );
  expect(conditional.length).toBeGreaterThan(20);
  expect(conditional.map(([path]) => path).filter((path) => !listed.has(path))).toEqual([]);
});

test('floors of coverage only rise', async () => {
  const now = JSON.parse(await readFile(join(PROJECT, FLOORS), 'utf8'));
  // A tree that was copied without its history has none to compare with.
  if ((await tool('git', '-C', PROJECT, 'rev-list', '--all', '--max-count=1')) === '') return;
  const commits = (await tool('git', '-C', PROJECT, 'log', '--format=%H', '--', FLOORS))
    .split('\n')
    .filter(Boolean);
  for (const commit of commits) {
    const before = JSON.parse(await tool('git', '-C', PROJECT, 'show', `${commit}:${FLOORS}`));
    expect(loweredFloors(before, now), `since ${commit}`).toEqual([]);
  }
});
