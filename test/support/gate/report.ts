#!/usr/bin/env node
// Judges a whole run of tests: report.ts RESULT.json… Prints coverage and, as the last line, "N passed, N failed, N skipped".
// Fails when no test passed, a run left no result, a test was skipped without permission, or the coverage of a wing is below
// its floor.
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  addCoverage,
  type CoverageMap,
  type CoveredLines,
  type Floors,
  judgeCoverage,
  summarizeWings,
} from './coverage.ts';
import { readProcessCoverage } from './process-coverage.ts';
import { type TestResults, totals } from './results.ts';
import { judgeSkips, parseAllowedSkips } from './skips.ts';

const PROJECT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const SUMMARY = join(PROJECT, '.test/coverage');
const problems: string[] = [];
const results: TestResults[] = [];
/** Kinds of tests whose coverage counts, if they ran. */
const measured = (process.env['KAIROS_FACTORY_TEST_COVERAGE'] ?? '').split(' ').filter(Boolean);

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}

/** @param homes the directories of the runs that were measured; those with machines have only measurements of processes */
async function reportCoverage(homes: readonly string[]): Promise<void> {
  const lines: CoveredLines = new Map();
  for (const file of homes.map((home) => join(home, 'coverage/coverage-final.json')))
    if (existsSync(file)) addCoverage(lines, await readJson<CoverageMap>(file), PROJECT);
  // Coverage of the built program counts only for lines in the first map, because compilation moves some others.
  const known = new Map([...lines].map(([file, numbers]) => [file, new Set(numbers.keys())]));
  const processes: CoveredLines = new Map();
  for (const home of homes)
    for (const scripts of ['dist', 'src'])
      for (const map of await readProcessCoverage(join(home, 'coverage/processes'), join(PROJECT, scripts)))
        addCoverage(processes, map, PROJECT);
  for (const [file, numbers] of processes)
    for (const [number, ran] of numbers)
      if (ran && known.get(file)?.has(number)) lines.get(file)?.set(number, true);

  const wings = summarizeWings(lines);
  const files = Object.fromEntries([...lines].map(([file, hits]) => [file, missed(hits)]));
  await mkdir(SUMMARY, { recursive: true });
  await writeFile(join(SUMMARY, 'summary.json'), `${JSON.stringify({ measured, wings, files }, null, 2)}\n`);
  for (const [wing, { covered, lines: all, percent }] of Object.entries(wings))
    process.stdout.write(
      `coverage of ${wing} by ${measured.join(' and ')}: ${percent} % (${covered} of ${all} lines)\n`,
    );
  const floors = await readJson<Record<string, Floors>>(join(PROJECT, 'test/coverage-floors.json'));
  problems.push(...judgeCoverage(wings, floors[measured.join(' ')] ?? {}));
}

/** The lines that did not run. */
const missed = (hits: ReadonlyMap<number, boolean>) =>
  [...hits]
    .filter(([, ran]) => !ran)
    .map(([number]) => number)
    .sort((a, b) => a - b);

for (const file of process.argv.slice(2)) {
  try {
    results.push(await readJson<TestResults>(file));
  } catch (error) {
    problems.push(`a run of tests did not come to its end: ${(error as Error).message}`);
  }
}
problems.push(
  ...judgeSkips(
    results,
    parseAllowedSkips(await readFile(join(PROJECT, 'test/allowed-skips.json'), 'utf8')),
    {
      project: PROJECT,
      everything: process.env['KAIROS_FACTORY_TEST_ALL'] === '1',
      root: process.getuid?.() === 0,
    },
  ),
);
if (measured.length > 0)
  await reportCoverage(
    process.argv
      .slice(2)
      .map(dirname)
      .filter((home) => existsSync(join(home, 'coverage'))),
  );
const { passed, line } = totals(results);
if (passed === 0) problems.push('no test has passed');
for (const problem of problems) process.stderr.write(`error: ${problem}\n`);
process.stdout.write(`${line}\n`);
if (problems.length > 0) process.exitCode = 1;
