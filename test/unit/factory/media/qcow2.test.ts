import { randomFillSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFileView } from '../../../../src/factory/media/byte-view.ts';
import { openDisk } from '../../../../src/factory/media/open-disk.ts';
import { openQcow2 } from '../../../../src/factory/media/qcow2.ts';
import { tool } from '../../../support/tool.ts';

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  plain: [],
  'zlib clusters': ['-c', '-o', 'compression_type=zlib'],
  'zstd clusters': ['-c', '-o', 'compression_type=zstd'],
  'large clusters': ['-c', '-o', 'cluster_size=1M'],
  'version 2': ['-o', 'compat=0.10'],
};
let home: string;
const content = Buffer.alloc(3 * 1024 * 1024);
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'kf-qcow2-'));
  randomFillSync(content, 100_000, 300_000);
  content.fill('text that is compressed ', 1_000_000, 1_700_000);
  await writeFile(join(home, 'disk.raw'), content);
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe.each(Object.keys(OPTIONS))('a qcow2 with %s', (name) => {
  test('is the disk that it was made from', async () => {
    const file = join(home, `${name}.qcow2`);
    await tool(
      'qemu-img',
      'convert',
      '-f',
      'raw',
      '-O',
      'qcow2',
      ...(OPTIONS[name] ?? []),
      join(home, 'disk.raw'),
      file,
    );
    await using view = await openFileView(file);
    const disk = await openQcow2(view);
    expect(disk.size).toBe(content.length);
    expect((await disk.read(0, disk.size)).equals(content)).toBe(true);
    expect((await disk.read(1_000_001, 12)).toString()).toBe('ext that is ');
    await expect(disk.read(disk.size - 1, 2)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
  }, 60_000);
});

test.each(['plain', 'zstd clusters'])(
  'a qcow2 with %s that is cut short is refused when it is opened',
  async (name) => {
    const whole = await readFile(join(home, `${name}.qcow2`));
    await writeFile(join(home, 'cut.qcow2'), whole.subarray(0, Math.floor(whole.length / 2)));
    await using view = await openFileView(join(home, 'cut.qcow2'));
    await expect(openQcow2(view)).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      message: expect.stringContaining('cut short'),
    });
  },
);

test('the disk in a VHD of a fixed size ends before its footer', async () => {
  const file = join(home, 'disk.vhd');
  const format = ['-O', 'vpc', '-o', 'subformat=fixed,force_size=on'];
  await tool('qemu-img', 'convert', '-f', 'raw', ...format, join(home, 'disk.raw'), file);
  await using view = await openFileView(file);
  const { disk, format: found } = await openDisk(view, Buffer.alloc(512));
  expect([found, disk.size]).toEqual(['vhd', content.length]);
});

test('a file that a qcow2 builds on is never opened', async () => {
  const file = join(home, 'overlay.qcow2');
  await tool('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', join(home, 'disk.raw'), '-F', 'raw', file);
  await using view = await openFileView(file);
  await expect(openQcow2(view)).rejects.toMatchObject({ code: 'ARTIFACT_UNREADABLE' });
});

test('a damaged qcow2 is an expected error', async () => {
  const whole = await readFile(join(home, 'zstd clusters.qcow2'));
  for (let at = 0; at < 104; at += 4) {
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, at, at + 4);
    await writeFile(join(home, 'damaged.qcow2'), damaged);
    await using view = await openFileView(join(home, 'damaged.qcow2'));
    const failure = await openQcow2(view)
      .then((disk) => disk.read(0, 4096))
      .catch((error: unknown) => error);
    if (!Buffer.isBuffer(failure)) expect(failure).toMatchObject({ name: 'FactoryError' });
  }
}, 60_000);
