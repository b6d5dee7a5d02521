import { mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { character, file, link, writeCpio } from '../../../../src/agent/initramfs/cpio.ts';

const ENTRIES = [
  file('usr/bin/tool', '#!/bin/sh\n', 0o755),
  file('odd', 'abc'),
  file('empty', ''),
  link('bin', 'usr/bin'),
  character('dev/console', 5, 1),
];

test('an archive that cpio unpacks, with the directories that its entries need', async () => {
  const home = await mkdtemp(join(tmpdir(), 'cpio-'));
  try {
    await writeFile(join(home, 'archive'), writeCpio(ENTRIES, 1_700_000_000));
    await execa('busybox', ['cpio', '-idm'], { cwd: home, inputFile: join(home, 'archive') });
    expect(await readFile(join(home, 'bin/tool'), 'utf8')).toBe('#!/bin/sh\n');
    expect(await readFile(join(home, 'odd'), 'utf8')).toBe('abc');
    expect(await readFile(join(home, 'empty'), 'utf8')).toBe('');
    expect(await readlink(join(home, 'bin'))).toBe('usr/bin');
    const { mode, mtimeMs } = await stat(join(home, 'usr/bin/tool'));
    expect([mode & 0o777, mtimeMs]).toEqual([0o755, 1_700_000_000_000]);
    expect((await stat(join(home, 'dev/console'))).isCharacterDevice()).toBe(true);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

test('the order of the entries makes no difference, except between two with one path', () => {
  const forwards = writeCpio(ENTRIES, 1);
  expect(writeCpio([...ENTRIES].reverse(), 1)).toEqual(forwards);
  expect(writeCpio([...ENTRIES, file('odd', 'other')], 1)).toEqual(forwards);
  expect(writeCpio([file('odd', 'other'), ...ENTRIES], 1)).not.toEqual(forwards);
});
