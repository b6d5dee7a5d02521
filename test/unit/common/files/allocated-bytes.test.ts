import { linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allocatedBytes } from '../../../../src/common/files/allocated-bytes.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const MIB = 1024 * 1024;

test('holes take no room, a file with two names counts once, and links are not followed', () => {
  const home = temporaryDirectory();
  mkdirSync(join(home, 'a'));
  writeFileSync(join(home, 'a/file'), Buffer.alloc(MIB, 1));
  linkSync(join(home, 'a/file'), join(home, 'again'));
  symlinkSync('a', join(home, 'link'));
  writeFileSync(join(home, 'sparse'), '');
  truncateSync(join(home, 'sparse'), 100 * MIB);
  // A name that is not UTF-8.
  writeFileSync(Buffer.concat([Buffer.from(`${home}/`), Buffer.of(0xe9)]), Buffer.alloc(MIB, 1));
  const found = allocatedBytes(home);
  expect(found).toBeGreaterThanOrEqual(2 * MIB);
  expect(found).toBeLessThan(2.5 * MIB);
});

test('what is missing takes nothing', () => {
  expect(allocatedBytes('/no/such/directory')).toBe(0);
});
