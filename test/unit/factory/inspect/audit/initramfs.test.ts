import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readInitramfs } from '../../../../../src/factory/inspect/audit/initramfs.ts';
import { plant } from '../../../support/temporary.ts';

/** An archive in the kernel's format, made by BusyBox. */
function cpio(files: Parameters<typeof plant>[1]): Buffer {
  const root = mkdtempSync(join(tmpdir(), 'kairos-factory-cpio-'));
  try {
    plant(root, files);
    const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
    return execFileSync('busybox', ['cpio', '-o', '-H', 'newc'], {
      cwd: root,
      input: `${['.', ...names].join('\n')}\n`,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}
const read = async (...parts: Buffer[]) => {
  const { files, isComplete } = await readInitramfs(Buffer.concat(parts));
  return { isComplete, files: files.map(({ path, content }) => [path, content.toString()]) };
};

const microcode = cpio({ 'kernel/x86/microcode/a.bin': 'microcode' });
const root = cpio({
  'etc/a': 'one',
  'usr/b': 'longer than that',
  'usr/empty': '',
  'usr/link': { link: 'b' },
});
const files = [
  ['/etc/a', 'one'],
  ['/usr/b', 'longer than that'],
];

describe('an initramfs', () => {
  test.each([
    ['as it is', root],
    ['by gzip', gzipSync(root)],
    ['by zstd', zstdCompressSync(root)],
    ['with zeros behind it', Buffer.concat([zstdCompressSync(root), Buffer.alloc(333)])],
  ])('%s', async (_, image) => {
    const found = await read(image);
    expect(found.isComplete).toBe(true);
    expect(found.files.toSorted()).toEqual(files);
  });

  test('may consist of several archives, each with its own compression', async () => {
    const more = cpio({ 'etc/credential': 'secret' });
    const found = await read(
      microcode,
      Buffer.alloc(100),
      zstdCompressSync(root),
      zstdCompressSync(more),
      more,
    );
    expect(found.isComplete).toBe(true);
    expect(found.files.map(([path]) => path).toSorted()).toEqual([
      '/etc/a',
      '/etc/credential',
      '/etc/credential',
      '/kernel/x86/microcode/a.bin',
      '/usr/b',
    ]);
  });

  test.each([
    ['in a form that is not known', Buffer.concat([microcode, Buffer.from('\xfd7zXZ\0', 'latin1')])],
    ['cut short', Buffer.concat([microcode, gzipSync(root).subarray(0, 90)])],
    ['with something else inside', Buffer.concat([microcode, gzipSync('hello')])],
  ])('%s is read as far as possible', async (_, image) => {
    const found = await read(image);
    expect(found).toEqual({ isComplete: false, files: [['/kernel/x86/microcode/a.bin', 'microcode']] });
  });

  test('of arbitrary bytes is read without hanging', async () => {
    const damaged = fc.tuple(fc.nat(root.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(fc.array(damaged, { minLength: 1, maxLength: 20 }), async (changes) => {
        const image = Buffer.from(root);
        for (const [at, value] of changes) image[at] = value;
        const found = await readInitramfs(image);
        for (const { content } of found.files) expect(content.length).toBeLessThanOrEqual(image.length);
      }),
    );
  });
});
