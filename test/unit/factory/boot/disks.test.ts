import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installationDisk, persistentDisk } from '../../../../src/factory/boot/disks.ts';
import { tool } from '../../../support/tool.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { realRunner } from '../artifacts/support/runner.ts';

const runner = realRunner();

test('a disk to install to is made once, and kept', async () => {
  const file = join(temporaryDirectory(), 'node.qcow2');
  expect(await installationDisk(runner, file)).toBe(file);
  await tool('qemu-io', '-c', 'write -P 7 0 512', file);
  await installationDisk(runner, file);
  expect(await tool('qemu-io', '-c', 'read -P 7 0 512', file)).not.toContain('failed');
  expect(JSON.parse(await tool('qemu-img', 'info', '--output=json', file))).toMatchObject({
    format: 'qcow2',
    'virtual-size': 32 * 1024 ** 3,
  });
});

test('a directory, and a file of another format, are not disks', async () => {
  const home = plant(temporaryDirectory(), { 'disk.raw': 'raw content', empty: '' });
  mkdirSync(join(home, 'directory'));
  for (const [name, what] of [
    ['directory', /^--disk: .*directory is a directory$/],
    ['disk.raw', /is not a qcow2 file$/],
    ['empty', /is not a qcow2 file$/],
  ] as const) {
    const failure = await failureOf(() => installationDisk(runner, join(home, name)), 'usage');
    expect(failure.message).toMatch(what);
  }
});

test('a persistent disk continues its artifact, and no other', async () => {
  const home = plant(temporaryDirectory(), { 'os.iso': '' });
  const [artifact, other, file] = ['os.raw', 'other.raw', 'kept.qcow2'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  await tool('qemu-img', 'create', '-q', '-f', 'raw', artifact, '1M');
  await tool('qemu-io', '-f', 'raw', '-c', 'write -P 5 0 512', artifact);
  await tool('qemu-img', 'create', '-q', '-f', 'raw', other, '1M');
  expect(await persistentDisk(runner, { artifact, file })).toBe(file);
  expect(await tool('qemu-io', '-c', 'read -P 5 0 512', file)).not.toContain('failed');
  await tool('qemu-io', '-c', 'write -P 6 0 512', file);
  // The artifact is as it was, and the disk goes on where it was.
  expect(await tool('qemu-io', '-f', 'raw', '-c', 'read -P 5 0 512', artifact)).not.toContain('failed');
  await persistentDisk(runner, { artifact, file });
  expect(await tool('qemu-io', '-c', 'read -P 6 0 512', file)).not.toContain('failed');
  const wrong = await failureOf(() => persistentDisk(runner, { artifact: other, file }), 'usage');
  expect(wrong.message).toContain(`belongs to ${artifact}`);
  const own = join(home, 'own.qcow2');
  await installationDisk(runner, own);
  const alone = await failureOf(() => persistentDisk(runner, { artifact, file: own }), 'usage');
  expect(alone.message).toContain('is a disk of its own');
  const iso = await failureOf(
    () => persistentDisk(runner, { artifact: join(home, 'os.iso'), file }),
    'usage',
  );
  expect(iso.remedy).toContain('--disk');
  const name = await failureOf(() => persistentDisk(runner, { artifact, file: join(home, 'kept') }), 'usage');
  expect(name.remedy).toContain('.qcow2');
});
