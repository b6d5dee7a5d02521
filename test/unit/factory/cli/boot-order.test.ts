import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireBootable } from '../../../../src/factory/boot/boot-artifact.ts';
import { bootCommand } from '../../../../src/factory/cli/commands/boot.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

test.each([
  [['os.raw'], 'FILE_NOT_FOUND'],
  [['present.raw', '--firmware', 'efi'], 'OPTION_INVALID'],
  [['present.raw', '--memory', 'much'], 'OPTION_INVALID'],
  [['present.raw', '--cores', '0'], 'OPTION_INVALID'],
] as const)('%j is refused before a disk is made', async ([artifact, ...flags], code) => {
  const home = plant(temporaryDirectory(), { 'present.raw': '' });
  const disks = ['--disk', join(home, 'target.qcow2'), '--persist', join(home, 'kept.qcow2')];
  const words = [join(home, artifact), ...flags, ...disks];
  const command = bootCommand().exitOverride();
  const failure = await failureOf(() => command.parseAsync(words, { from: 'user' }), 'usage');
  expect(failure.code).toBe(code);
  expect(await readdir(home)).toEqual(['present.raw']);
});

test('a directory with the name of an artifact is not bootable', async () => {
  const home = plant(temporaryDirectory(), { 'os.iso/file': '' });
  const { message } = await failureOf(() => requireBootable(join(home, 'os.iso')), 'usage');
  expect(message).toBe(`${join(home, 'os.iso')} is not a file`);
});
