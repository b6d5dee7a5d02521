import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import {
  changeLock,
  type LockedImages,
  readLock,
  writeLock,
} from '../../../../../src/factory/inputs/lock/lock-file.ts';
import { PROJECT } from '../../../../support/factory.ts';
import { failureOf } from '../../../support/failure.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const images: LockedImages = {
  'quay.io/team/os:v1': {
    digest: digest('c'),
    platforms: { 'linux/arm64': digest('b'), 'linux/amd64': digest('a') },
  },
  'docker.io/library/debian:12': { digest: digest('d'), platforms: { 'linux/amd64': digest('d') } },
};

test('a written lock can be read again, and its order does not depend on the order of the changes', async () => {
  const home = temporaryDirectory();
  const [file, other] = [join(home, 'a.lock'), join(home, 'b.lock')];
  await writeLock(file, { images, packages: {} });
  await writeLock(other, { images: Object.fromEntries(Object.entries(images).reverse()), packages: {} });
  expect(readLock(file)).toEqual({ images, packages: {} });
  expect(readFileSync(other, 'utf8')).toBe(readFileSync(file, 'utf8'));
  expect(readFileSync(file, 'utf8').split('\n').slice(2)).toEqual([
    '',
    'schema: 1',
    'images:',
    '  docker.io/library/debian:12:',
    `    digest: ${digest('d')}`,
    '    platforms:',
    `      linux/amd64: ${digest('d')}`,
    '  quay.io/team/os:v1:',
    `    digest: ${digest('c')}`,
    '    platforms:',
    `      linux/amd64: ${digest('a')}`,
    `      linux/arm64: ${digest('b')}`,
    '',
  ]);
  expect(readdirSync(home).sort()).toEqual(['a.lock', 'b.lock']);
});

test('changing the packages keeps the images, and the reverse', async () => {
  const file = join(temporaryDirectory(), 'kairos-factory.lock');
  const packages = {
    'debian-12-core-amd64-generic/cloud': {
      archive: '2026-11-20T08:12:33Z',
      installed: { 'zstd:amd64': '1.5.4', 'adduser:all': '3.134', 'vim:amd64': '2:9.0' },
    },
  };
  await writeLock(file, { images: {}, packages });
  await changeLock(file, (lock) => ({ ...lock, images }));
  expect(readLock(file)).toEqual({ images, packages });
  expect(readFileSync(file, 'utf8').split('\n').slice(-8)).toEqual([
    'packages:',
    '  debian-12-core-amd64-generic/cloud:',
    '    archive: 2026-11-20T08:12:33Z',
    '    installed:',
    '      adduser:all: "3.134"',
    '      vim:amd64: 2:9.0',
    '      zstd:amd64: 1.5.4',
    '',
  ]);
});

test('a missing lock file counts as empty', () => {
  expect(readLock(join(temporaryDirectory(), 'none.lock'))).toEqual({ images: {}, packages: {} });
});

test.each([
  ['schema: 2\n', /:1:1: schema: expected 1, found 2/],
  [
    'schema: 1\nimages: {x: {digest: sha256:1, platforms: {}}}\n',
    /:2:\d+: images\.x\.digest: "sha256:1" is not a sha256/,
  ],
  ['schema: 1\nimage: {}\n', /:2:1: unknown key "image" \(did you mean "images"\?\)/],
  [`<<<<<<< HEAD\nschema: 1\n`, /lock:\d+:\d+: /],
])('%j is refused, and the error has the position', async (text, message) => {
  const file = join(temporaryDirectory(), 'kairos-factory.lock');
  writeFileSync(file, text);
  const error = await failureOf(() => readLock(file), 'usage');
  expect(error.message).toMatch(message);
});

test('a path that cannot be written to is reported, and no file is left', async () => {
  const file = join(temporaryDirectory(), 'missing/kairos-factory.lock');
  const error = await failureOf(() => writeLock(file, { images, packages: {} }), 'usage');
  expect(error.remedy).toMatch(/--lock-file/);
});

test('keeps the entries of all writers, of this process and of others', async () => {
  const file = join(temporaryDirectory(), 'kairos-factory.lock');
  const entry = `{ digest: 'sha256:${'a'.repeat(64)}', platforms: {} }`;
  const module = JSON.stringify(join(PROJECT, 'src/factory/inputs/lock/lock-file.ts'));
  const writer = (name: string) => `
    const { changeLock } = await import(${module});
    for (let index = 0; index < 10; index += 1)
      await changeLock(${JSON.stringify(file)}, (lock) => ({
        ...lock, images: { ...lock.images, ['${name}-' + index]: ${entry} } }));`;
  await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      promisify(execFile)(process.execPath, ['--input-type=module', '--eval', writer(name)]),
    ),
  );
  const one = { digest: `sha256:${'a'.repeat(64)}`, platforms: {} };
  const add = (name: string) =>
    changeLock(file, (lock) => ({ ...lock, images: { ...lock.images, [name]: one } }));
  await Promise.all(['x', 'y', 'z'].map(add));
  expect(Object.keys(readLock(file).images)).toHaveLength(33);
  expect(readdirSync(dirname(file))).toEqual(['kairos-factory.lock']);
});
