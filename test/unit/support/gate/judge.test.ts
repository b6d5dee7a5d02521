import { expect, test } from 'vitest';
import {
  addCoverage,
  type CoveredLines,
  judgeCoverage,
  loweredFloors,
  summarizeWings,
} from '../../../support/gate/coverage.ts';
import { type TestResults, totals } from '../../../support/gate/results.ts';
import { judgeSkips, parseAllowedSkips } from '../../../support/gate/skips.ts';

const file = 'test/unit/a.test.ts';
const run = { project: '/p', everything: false, root: true };

function resultsOf(...tests: readonly (readonly [string, string])[]): TestResults[] {
  const assertionResults = tests.map(([path, status]) => {
    const titles = path.split(' > ');
    return { ancestorTitles: titles.slice(0, -1), title: titles.at(-1) ?? '', status };
  });
  const count = (status: string) => tests.filter((entry) => entry[1] === status).length;
  return [
    {
      numPassedTests: count('passed'),
      numFailedTests: count('failed'),
      numPendingTests: count('skipped'),
      numTodoTests: count('todo'),
      testResults: [{ name: `/p/${file}`, assertionResults }],
    },
  ];
}

test('counts tests', () => {
  const results = resultsOf(
    ['a', 'passed'],
    ['b', 'passed'],
    ['c', 'failed'],
    ['d', 'skipped'],
    ['e', 'todo'],
  );
  expect(totals([...results, ...results])).toEqual({ passed: 4, line: '4 passed, 2 failed, 4 skipped' });
});

test('a skip that the list does not name fails the gate', () => {
  const reason = 'needs a second filesystem';
  const skipped = resultsOf(
    ['group (why) > one', 'skipped'],
    ['group (why) > other', 'passed'],
    ['lone', 'todo'],
  );
  expect(judgeSkips(skipped, [], run)).toEqual([
    `${file}: "group (why) > one" was skipped, and test/allowed-skips.json does not allow it here`,
    `${file}: "lone" was skipped, and test/allowed-skips.json does not allow it here`,
  ]);
  const lone = { file, test: 'lone', reason };
  expect(judgeSkips(skipped, [{ file, test: 'group', reason }, lone], run)).toEqual([]);
  expect(judgeSkips(skipped, [{ file, test: 'group (why) > one', reason }, lone], run)).toEqual([]);
  expect(judgeSkips(skipped, [{ file, test: 'gro', reason }, lone], run)).toHaveLength(2);
  expect(
    judgeSkips(skipped, [{ file: 'test/unit/b.test.ts', test: 'group', reason }, lone], run),
  ).toHaveLength(1);
});

test('a skip is allowed under its condition alone', () => {
  const skipped = resultsOf(['a', 'skipped'], ['b', 'skipped']);
  const allowed = parseAllowedSkips(`[
    {"file": "${file}", "test": "a", "reason": "mounts a filesystem", "when": "not root"},
    {"file": "${file}", "test": "b", "reason": "takes many minutes", "when": "not everything is tested"}
  ]`);
  expect(judgeSkips(skipped, allowed, { ...run, root: false })).toEqual([]);
  expect(judgeSkips(skipped, allowed, run)).toEqual([expect.stringContaining('"a" was skipped')]);
  expect(judgeSkips(skipped, allowed, { ...run, root: false, everything: true })).toEqual([
    expect.stringContaining('"b" was skipped'),
  ]);
});

test('an entry for a test that does not exist fails the gate, unless its file did not run', () => {
  const entry = { file, test: 'gone', reason: 'needs a second filesystem' };
  expect(judgeSkips(resultsOf(['a', 'passed']), [entry], run)).toEqual([
    `test/allowed-skips.json: ${file} has no test "gone"`,
  ]);
  expect(judgeSkips(resultsOf(['a', 'passed']), [{ ...entry, file: 'test/vm/a.test.ts' }], run)).toEqual([]);
});

test('the list needs reasons and known conditions', () => {
  expect(() => parseAllowedSkips(`[{"file": "${file}", "test": "a", "reason": ""}]`)).toThrow();
  expect(() =>
    parseAllowedSkips(`[{"file": "${file}", "test": "a", "reason": "long enough", "when": "x"}]`),
  ).toThrow();
});

const map = (path: string, hits: readonly number[]) => ({
  [path]: {
    statementMap: Object.fromEntries(hits.map((_, index) => [index, { start: { line: index + 1 } }])),
    s: Object.fromEntries(hits.map((hit, index) => [index, hit])),
  },
});

test('a line is covered when one of the measurements says so', () => {
  const lines: CoveredLines = new Map();
  addCoverage(lines, map('/p/src/common/a.ts', [1, 0, 0]), '/p');
  addCoverage(lines, map('/p/src/common/a.ts', [0, 2, 0]), '/p');
  addCoverage(lines, map('/p/src/factory/b.ts', [0, 5, 5, 5]), '/p');
  addCoverage(lines, map('/p/test/c.ts', [1]), '/p');
  expect(summarizeWings(lines)).toEqual({
    common: { lines: 3, covered: 2, percent: 66.66 },
    factory: { lines: 4, covered: 3, percent: 75 },
  });
});

test('coverage below a floor, or without one, fails the gate', () => {
  const wings = {
    common: { lines: 3, covered: 2, percent: 66.66 },
    factory: { lines: 4, covered: 3, percent: 75 },
  };
  expect(judgeCoverage(wings, { common: 66.66, factory: 75 })).toEqual([]);
  expect(judgeCoverage(wings, { common: 66.67, agent: 1 })).toEqual([
    'tests run 66.66 % of the lines of common; the floor is 66.67 %',
    'the coverage of agent was not measured',
    'test/coverage-floors.json has no floor for factory',
  ]);
});

test('a floor that is lower than before is named', () => {
  const before = { unit: { common: 90, agent: 80 }, all: { common: 95 } };
  expect(loweredFloors(before, { unit: { common: 90, agent: 81 }, all: { common: 95 } })).toEqual([]);
  expect(loweredFloors(before, { unit: { common: 89, agent: 80 } })).toEqual(['unit: common', 'all: common']);
});
