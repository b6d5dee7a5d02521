import type { FindingLevel } from './check.ts';
import type { Reported } from './run-checks.ts';

const WORDS: Readonly<Record<FindingLevel, string>> = { ok: 'ok', warning: 'warning', failure: 'FAILURE' };
const LEVEL_WIDTH = 9;
const CHECK_WIDTH = 15;

/** Renders findings for people: a line each, with the remedy below. */
export function renderChecks(reported: readonly Reported[]): string {
  const lines = reported.flatMap(({ level, check, text, remedy }) => [
    `${WORDS[level].padEnd(LEVEL_WIDTH)}${check.padEnd(CHECK_WIDTH)}${text}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(LEVEL_WIDTH + CHECK_WIDTH)}to do: ${remedy}`]),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}
