import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { type ByteView, openFileView, requireInside } from '../../../../src/factory/media/byte-view.ts';
import type { Filesystem } from '../../../../src/factory/media/filesystem.ts';
import { openIso } from '../../../../src/factory/media/iso9660.ts';
import { openFilesystem } from '../../../../src/factory/media/open-filesystem.ts';
import { findNode, walkFilesystem } from '../../../../src/factory/media/walk-filesystem.ts';
import { sharedDirectory } from '../../support/temporary.ts';
import { CONTENTS, makeFilesystems, writeMediaTree } from './media-tree.ts';

const home = sharedDirectory();
let images: Record<string, string>;
const KINDS = ['ext2', 'ext4', 'gzip', 'zstd', 'iso', 'vfat'];
beforeAll(async () => {
  await writeMediaTree(join(home, 'root'));
  images = await makeFilesystems(join(home, 'root'), home);
}, 120_000);

async function open(kind: string, view: ByteView): Promise<Filesystem> {
  if (kind === 'iso') return openIso(view);
  const found = await openFilesystem(view);
  if (found === undefined || !('readable' in found))
    throw new FactoryError('SOURCE_UNSUITABLE', 'not recognised');
  return found.readable;
}

async function withFilesystem<T>(kind: string, use: (found: Filesystem) => Promise<T>): Promise<T> {
  await using view = await openFileView(images[kind] ?? '', kind);
  return await use(await open(kind, view));
}

/** Reads everything in an image that is in memory. */
async function readBytes(kind: string, bytes: Buffer): Promise<Map<string, Buffer>> {
  const size = bytes.length;
  const view = {
    name: kind,
    size,
    read: async (start: number, length: number) => {
      requireInside({ name: kind, size }, start, length);
      return Buffer.from(bytes.subarray(start, start + length));
    },
  };
  return readAll(await open(kind, view));
}

/** Reads everything. */
async function readAll(found: Filesystem): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  for await (const { path, node } of walkFilesystem(found)) {
    if (node.kind !== 'file') continue;
    const view = await found.open(node);
    contents.set(path, await view.read(0, Math.min(view.size, 8 * 1024 * 1024)));
  }
  return contents;
}

describe.each(KINDS)('%s', (kind) => {
  test('has the files of the tree it was made from', async () => {
    const contents = await withFilesystem(kind, readAll);
    for (const [path, content] of Object.entries(CONTENTS))
      expect(contents.get(path)?.equals(content), path).toBe(true);
    expect([...contents.keys()].filter((path) => path.startsWith('many/'))).toHaveLength(200);
    expect(contents.get('many/a-file-with-a-long-name-199')?.toString()).toBe('199');
    expect(contents.get('usr/sparse')?.equals(await readFile(join(home, 'root/usr/sparse')))).toBe(true);
  });

  test('that is cut short is an error with a remedy', async () => {
    const whole = await readFile(images[kind] ?? '');
    const cut = whole.subarray(0, Math.floor(whole.length * 0.4));
    const failure = await readBytes(kind, cut).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      remedy: expect.stringContaining('SHA256SUMS'),
    });
  });

  test('that is damaged anywhere gives its files or an expected error', async () => {
    const whole = await readFile(images[kind] ?? '');
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed % below;
    };
    for (let round = 0; round < 32; round += 1) {
      const damaged = Buffer.from(whole);
      // Most of what matters is at the start of a filesystem, or at the end of a squashfs.
      const place =
        [random(4096), random(65536), whole.length - 1 - random(20_000), random(whole.length)][round % 4] ??
        0;
      for (let at = place; at < Math.min(place + 16, whole.length); at += 1) damaged[at] = random(256);
      const failure = await readBytes(kind, damaged).then(
        () => undefined,
        (error: unknown) => error,
      );
      const isExpected = failure === undefined || failure instanceof FactoryError;
      expect(isExpected, `round ${round}, byte ${place}: ${(failure as Error | undefined)?.stack}`).toBe(
        true,
      );
    }
  }, 120_000);
});

test.each(['ext2', 'ext4', 'gzip', 'zstd'])('%s keeps links and hard links', async (kind) => {
  await withFilesystem(kind, async (found) => {
    expect((await findNode(found, '/boot/link'))?.size).toBe(6);
    expect((await findNode(found, '/etc/long-link'))?.size).toBe(CONTENTS['usr/large']?.length);
    const [first, second] = [await findNode(found, 'boot/vmlinuz'), await findNode(found, 'usr/second-name')];
    expect(first?.place).toBe(second?.place);
    expect(await findNode(found, 'boot/none')).toBeUndefined();
  });
});
