import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderSize } from '../../../../../src/factory/cli/render-size.ts';
import { readDirectoryRoot } from '../../../../../src/factory/inspect/root/read-directory.ts';
import { requireBudget } from '../../../../../src/factory/inspect/size/budget.ts';
import { compareSizes } from '../../../../../src/factory/inspect/size/compare-sizes.ts';
import { measureRoot } from '../../../../../src/factory/inspect/size/measure-root.ts';
import { PART_NAMES, partOfFile } from '../../../../../src/factory/inspect/size/part-of-file.ts';
import { SIZE_FILES } from '../../../../../src/factory/inspect/size/size-selection.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const MIB = 1024 * 1024;
const measured = async (root: string) => measureRoot(await readDirectoryRoot(root, SIZE_FILES));
const status = (...names: readonly string[]) =>
  names
    .map((name) => `Package: ${name}\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n`)
    .join('\n');

/** A merged root with two packages of dpkg, whose lists have the names from before the merge. */
function debRoot(moduleSize: number): string {
  const root = plant(temporaryDirectory(), {
    lib: { link: 'usr/lib' },
    'usr/lib/modules/6.1/net.ko': Buffer.alloc(moduleSize),
    'usr/lib/shared': Buffer.alloc(100),
    'usr/bin/kairos-agent': Buffer.alloc(3 * MIB),
    'boot/initrd': Buffer.alloc(1000),
    'var/lib/dpkg/status': status('linux', 'other'),
    'var/lib/dpkg/info/linux.list': '/.\n/lib\n/lib/modules\n/lib/modules/6.1/net.ko\n/usr/lib/shared\n',
    'var/lib/dpkg/info/other:amd64.list': '/usr/lib/shared\n/none\n',
  });
  linkSync(join(root, 'boot/initrd'), join(root, 'boot/initrd-2'));
  return root;
}

describe('a root with packages of dpkg', () => {
  test('is measured by package, part and directory', async () => {
    const size = await measured(debRoot(5000));
    expect(size.packages.map((found) => [found.name, found.size])).toEqual([
      ['linux', 5100],
      ['other', 0],
    ]);
    const parts = Object.fromEntries(size.parts.map((part) => [part.name, part.size]));
    expect(parts).toMatchObject({ agent: 3 * MIB, modules: 5000, initramfs: 1000 });
    expect(size.parts.reduce((sum, part) => sum + part.size, 0)).toBe(size.content);
    expect(size.packages.reduce((sum, found) => sum + found.size, size.unpackaged)).toBe(size.content);
    expect(size.directories.find(({ name }) => name === '/usr/lib/modules')?.size).toBe(5000);
    expect(size.directories[0]).toEqual({ name: '/usr', size: 3 * MIB + 5100 });
  });

  test('names what grew when it exceeds its budget', async () => {
    const before = await measured(debRoot(5000));
    const after = await measured(debRoot(2 * MIB));
    const difference = compareSizes(before, after);
    expect(difference.packages).toEqual([{ name: 'linux:amd64', before: 5100, after: 2 * MIB + 100 }]);
    expect(() => requireBudget({ name: 'x', size: after, difference }, 6)).not.toThrow();
    const failure = (() => {
      try {
        requireBudget({ name: 'new.iso', size: after, difference }, 5);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(failure).toMatchObject({
      code: 'SIZE_BUDGET_EXCEEDED',
      kind: 'verification',
      message: expect.stringContaining('the files of new.iso take 5.0 MiB'),
      details: expect.arrayContaining([expect.stringContaining('package linux:amd64 grew by 2.0 MiB')]),
    });
    const text = renderSize({
      schema: 1,
      subject: 'new',
      ...after,
      compared: { subject: 'old', ...difference },
    });
    expect(text).toContain('+2.0 MiB  linux:amd64 (5.0 KiB -> 2.0 MiB)');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(renderSize({ schema: 1, subject: 'new', ...after })).toContain('3.0 MiB  agent');
  });
});

test('a root with packages of apk', async () => {
  const root = plant(temporaryDirectory(), {
    'usr/lib/apk/db/installed':
      'P:busybox\nV:1.37\nA:x86_64\nF:bin\nR:busybox\nF:\nR:top\n\nP:empty\nV:1\n\n',
    'bin/busybox': Buffer.alloc(800),
    top: Buffer.alloc(5),
  });
  expect((await measured(root)).packages).toMatchObject([
    { name: 'busybox', type: 'apk', size: 805 },
    { name: 'empty', size: 0 },
  ]);
});

test.each([
  ['boot/vmlinuz-6.1', 'kernel'],
  ['usr/lib/modules/6.1/vmlinuz', 'kernel'],
  ['lib/modules/6.1/kernel/net.ko', 'modules'],
  ['usr/lib/firmware/x.bin', 'firmware'],
  ['usr/lib/grub/i386-pc/normal.mod', 'boot loader'],
  ['usr/bin/kairos-agent', 'agent'],
  ['system/oem/00.yaml', 'framework'],
  ['usr/bin/k3s', 'Kubernetes'],
  ['var/lib/dpkg/status', 'package data'],
  ['usr/share/doc/x', 'documentation'],
  ['usr/bin/bash', 'distribution'],
])('%s belongs to %s', (path, part) => {
  expect(partOfFile(path)).toBe(part);
  expect(PART_NAMES).toContain(part);
});
