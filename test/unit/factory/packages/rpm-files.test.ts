import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readPackageFiles } from '../../../../src/factory/packages/package-files.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { ndbDatabase } from './rpm-format.ts';

/** A header with these tags: text, a list of texts, or numbers. */
function header(tags: Readonly<Record<number, string | readonly string[] | readonly number[]>>): Buffer {
  const index: number[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const [tag, value] of Object.entries(tags)) {
    const values = typeof value === 'string' ? [value] : value;
    const type = typeof value === 'string' ? 6 : typeof values[0] === 'number' ? 4 : 8;
    const bytes = Buffer.concat(
      values.map((each) => (typeof each === 'number' ? numbers(each) : Buffer.from(`${each}\0`))),
    );
    index.push(Number(tag), type, offset, values.length);
    data.push(bytes);
    offset += bytes.length;
  }
  return Buffer.concat([numbers(index.length / 4, offset), numbers(...index), ...data]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
}

const ID = { 1000: 'bash', 1001: '5.2', 1002: '1' };
const filesIn = async (...headers: readonly Buffer[]) =>
  readPackageFiles(
    plant(temporaryDirectory(), { [join('usr/lib/sysimage/rpm', 'Packages.db')]: ndbDatabase(headers) }),
  );

test('files of rpm are base names in directories, or whole paths in packages of long ago', async () => {
  const now = header({ ...ID, 1116: [1, 0], 1117: ['bash', 'bashrc'], 1118: ['/etc/', '/usr/bin/'] });
  const old = header({ ...ID, 1000: 'old', 1027: ['/bin/old', '/etc/old'] });
  const none = header({ ...ID, 1000: 'none' });
  expect((await filesIn(now, old, none)).map(({ name, paths }) => [name, paths])).toEqual([
    ['bash', ['usr/bin/bash', 'etc/bashrc']],
    ['old', ['bin/old', 'etc/old']],
    ['none', []],
  ]);
});

test('a list that ends too early is an expected error', async () => {
  const broken = header({ ...ID, 1116: [0], 1117: ['x'] });
  // The count of base names.
  broken.writeUInt32BE(5000, 8 + 4 * 16 + 12);
  await expect(filesIn(broken)).rejects.toMatchObject({ code: 'PACKAGE_DATABASE_UNREADABLE' });
});
