import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { PROJECT } from '../support/factory.ts';

/** How many cases each letter of test/cases/index.yaml has, and the numbers that were never given. */
const SERIES: Readonly<Record<string, { readonly last: number; readonly unused: readonly number[] }>> = {
  H: { last: 20, unused: [] },
  R: { last: 27, unused: [13, 14, 22, 26] },
  L: { last: 6, unused: [4] },
  S: { last: 8, unused: [4, 7] },
  G: { last: 9, unused: [2, 5, 8] },
  U: { last: 18, unused: [] },
  D: { last: 29, unused: [] },
};

const sentence = z.string().min(10);
const Case = z.strictObject({
  kind: z.string().min(3),
  case: sentence,
  tests: z.array(z.string().startsWith('test/')).min(1),
  decision: sentence,
});
const Cases = z.record(z.string(), Case);

function expectedIds(): string[] {
  return Object.entries(SERIES).flatMap(([letter, { last, unused }]) =>
    Array.from({ length: last }, (_, index) => index + 1)
      .filter((number) => !unused.includes(number))
      .map((number) => `${letter}${String(number).padStart(2, '0')}`),
  );
}

describe('the index of cases', async () => {
  const cases = Cases.parse(parse(await readFile(join(PROJECT, 'test/cases/index.yaml'), 'utf8')));

  test('has every case, and no other', () => {
    expect(Object.keys(cases).toSorted()).toEqual(expectedIds().toSorted());
  });

  test('names tests that exist', () => {
    const named = Object.entries(cases).flatMap(([id, { tests }]) => tests.map((path) => ({ id, path })));
    expect(named.filter(({ path }) => !existsSync(join(PROJECT, path)))).toEqual([]);
  });
});
