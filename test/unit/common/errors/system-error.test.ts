import { chmod, link, mkdir, open, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { messageOf, reasonOf } from '../../../../src/common/errors/factory-error.ts';
import { systemReason } from '../../../../src/common/errors/system-error.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** Real failures of the system, each with what people read. */
const FAILURES: readonly (readonly [string, (home: string) => Promise<unknown>, RegExp])[] = [
  ['a missing file', (home) => readFile(join(home, 'none')), /^HOME\/none: no such file or directory$/],
  ['a directory as a file', (home) => readFile(home), /^it is a directory$/],
  [
    'a file as a directory',
    (home) => readdir(join(home, 'file')),
    /^HOME\/file: a part of the path is not a directory$/,
  ],
  ['a name that is too long', (home) => open(join(home, 'n'.repeat(300))), /: the name is too long$/],
  [
    'a name that exists',
    (home) => mkdir(join(home, 'file')),
    /^HOME\/file: a file with this name exists already$/,
  ],
  [
    'links in a circle',
    (home) => readFile(join(home, 'loop')),
    /^HOME\/loop: its symbolic links lead in a circle$/,
  ],
  ['a full disk', () => writeFile('/dev/full', 'x'), /^no space is left on the filesystem$/],
  ['a directory with content', (home) => rmdir(home), /^HOME: the directory is not empty$/],
  ['removal of a directory', (home) => rm(home), /^HOME: it is a directory$/],
  [
    'a link to what is not there',
    (home) => link(join(home, 'none'), join(home, 'other')),
    /^HOME\/none and HOME\/other: no such file or directory$/,
  ],
  [
    'a kernel that refuses',
    () => chmod('/proc/self/mem', 0o777),
    /^\/proc\/self\/mem: the operation is not permitted$/,
  ],
  ['a port that nothing uses', connected, /^the connection is refused$/],
];

function connected(): Promise<unknown> {
  return new Promise((resolve, reject) => {
    createConnection({ host: '127.0.0.1', port: 1 }).on('connect', resolve).on('error', reject);
  });
}

test.each(FAILURES)('%s is reported in plain words', async (_, fail, words) => {
  const home = plant(temporaryDirectory(), { file: 'x', loop: { link: 'loop' } });
  const error: unknown = await fail(home).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect(messageOf(error).replaceAll(home, 'HOME')).toMatch(words);
  expect(reasonOf(error)).not.toContain(home);
  expect(reasonOf(error)).not.toMatch(/E[A-Z]{3,}/);
});

test('errors that are not in the table keep the words of the system', () => {
  const error = (text: string) => Object.assign(new Error(text), { code: 'EOTHER', errno: -1 });
  expect(systemReason(error("EOTHER: something odd, open '/x'"))).toBe('something odd');
  expect(systemReason(error('EOTHER: something odd'))).toBe('something odd');
  expect(systemReason(error('odd'))).toBe('odd');
  expect(messageOf(new Error('ENOENT: of a program'))).toBe('ENOENT: of a program');
  expect(messageOf('text')).toBe('text');
});
