import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareContents } from '../../../../../src/factory/inspect/diff/compare-contents.ts';
import { createRunner } from '../../../../../src/factory/tools/runner.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const { signal } = new AbortController();
const context = { signal, runner: createRunner({ signal, log: () => undefined, env: process.env }) };

/** A root with files, whose names have one character per byte. */
function contents(files: Readonly<Record<string, string>>, isPartial = false) {
  const directory = join(temporaryDirectory(), 'root');
  mkdirSync(directory);
  for (const [file, content] of Object.entries(files)) {
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(file, 'latin1')]), content);
  }
  return { trees: new Map([['rootfs', { directory, isPartial }]]) };
}

test('files whose names are not UTF-8 stay distinct, and their first differing byte is found', async () => {
  const before = contents({ 'x_\xe9': 'one 1', 'x_\xff': 'two' });
  const after = contents({ 'x_\xe9': 'one 2', 'x_\xfe': 'two' });
  const { trees, sizes } = await compareContents(before, after, context);
  const changes = trees.flatMap(({ tree, changes: found }) =>
    found
      .filter(({ path }) => path !== '.')
      .map(({ path, aspects, offset }) => [tree, path, aspects.includes('content'), offset]),
  );
  expect(changes).toEqual([
    ['rootfs', 'x_\udce9', true, 4],
    ['rootfs', 'x_\udcfe', false, undefined],
    ['rootfs', 'x_\udcff', false, undefined],
  ]);
  expect(sizes).toEqual([8, 8]);
});

test('a tree that only one side has is not compared', async () => {
  expect(await compareContents(contents({ a: 'x' }), { trees: new Map() }, context)).toEqual({
    trees: [],
    sizes: [0, 0],
  });
});
