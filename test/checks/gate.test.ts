import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../support/factory.ts';
import { loweredFloors } from '../support/gate/coverage.ts';
import { parseAllowedSkips } from '../support/gate/skips.ts';
import { tool } from '../support/tool.ts';

const FLOORS = 'test/coverage-floors.json';

test('tests that may be skipped exist', async () => {
  const allowed = parseAllowedSkips(await readFile(join(PROJECT, 'test/allowed-skips.json'), 'utf8'));
  for (const entry of allowed) {
    const title = entry.test.split(' > ').at(-1) ?? '';
    const source = await readFile(join(PROJECT, entry.file), 'utf8');
    // A title of a table has a place for the value. scripts/test compares the whole name, when the file has run.
    const tables = [...source.matchAll(/'([^'\n]{5,})%s/g)].map(([, start = '']) => start);
    const isTable = tables.some((start) => title.startsWith(start));
    expect(isTable ? title : source, entry.file).toContain(title);
  }
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
