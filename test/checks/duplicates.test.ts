import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { PROJECT } from '../support/factory.ts';
import { findDuplicates } from '../support/structure/duplicates.ts';

/** Runs of this many equal lines are duplicates. */
const SIZE = 7;
/** A line that occurs only in one duplicate, and the reason to keep the duplicate. */
const Allowed = z.array(z.strictObject({ line: z.string().min(10), reason: z.string().min(20) }));

test(`no ${SIZE} lines stand twice in the sources, but for those of test/allowed-duplicates.json`, async () => {
  const allowed = Allowed.parse(
    JSON.parse(await readFile(join(PROJECT, 'test/allowed-duplicates.json'), 'utf8')),
  );
  const sources = join(PROJECT, 'src');
  const files = (await readdir(sources, { recursive: true })).filter((file) => file.endsWith('.ts')).sort();
  const texts = files.map(async (file) => [file, await readFile(join(sources, file), 'utf8')] as const);
  const found = findDuplicates(new Map(await Promise.all(texts)), SIZE);

  const unknown = found.filter(({ lines }) => !allowed.some(({ line }) => lines.includes(line)));
  expect(unknown, 'merge them, or list them with the reason').toEqual([]);
  const unused = allowed.filter(({ line }) => !found.some(({ lines }) => lines.includes(line)));
  expect(unused, 'these are merged: remove them from the list').toEqual([]);
});
