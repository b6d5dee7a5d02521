import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { readElf } from '../../../../src/agent/initramfs/elf.ts';
import { readPrograms } from '../../../../src/agent/initramfs/libraries.ts';
import { systemHost } from '../../../../src/common/host/system-host.ts';
import { tool } from '../../../support/tool.ts';
import { failureOf } from '../../support/failure.ts';
import { testHost } from '../support/test-host.ts';
import { elfFile } from './support/elf-file.ts';

/** What the loader of this machine finds. */
async function ldd(program: string): Promise<string[]> {
  const stdout = await tool('ldd', program);
  return [...stdout.matchAll(/\/\S*\/([^/\s]+) \(/g)].map(([, name]) => name ?? '').sort();
}

test.each(['/usr/bin/sort', '/bin/mount'])('finds what the loader finds for %s', async (program) => {
  const files = await readPrograms(
    systemHost(() => {}),
    [program],
  );
  const names = [...files.keys()].filter((path) => path !== program).map((path) => path.replace(/.*\//, ''));
  expect(names.sort()).toEqual(await ldd(program));
});

async function rootWith(files: Readonly<Record<string, Uint8Array | string>>) {
  const host = await testHost();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(host.root, path)), { recursive: true });
    await writeFile(join(host.root, path), content);
  }
  return host;
}

test('searches the directories of the program, the usual ones, and those of the configuration', async () => {
  await using host = await rootWith({
    '/usr/sbin/check': elfFile({
      interpreter: '/lib/ld-musl-x86_64.so.1',
      needed: ['liba.so', 'libb.so', 'libc.so'],
      runpath: '$ORIGIN/../lib/own',
    }),
    '/lib/ld-musl-x86_64.so.1': elfFile({}),
    '/usr/sbin/../lib/own/liba.so': elfFile({}),
    // Of another architecture.
    '/lib/libb.so': elfFile({ machine: 183 }),
    '/opt/lib/libb.so': elfFile({}),
    '/usr/lib/libc.so': elfFile({ needed: ['liba.so'] }),
    '/etc/ld-musl-x86_64.path': '/lib:/usr/lib\n/opt/lib\n',
    '/bin/script': '#!/bin/sh\n',
  });
  const files = await readPrograms(host, ['/usr/sbin/check', '/bin/script']);
  expect([...files.keys()].sort()).toEqual([
    '/bin/script',
    '/lib/ld-musl-x86_64.so.1',
    // The loader would not look into the other directories without its cache, so this is beside the C library.
    '/usr/lib/libb.so',
    '/usr/lib/libc.so',
    '/usr/lib/own/liba.so',
    '/usr/sbin/check',
  ]);
});

test('keeps apart programs of two C libraries, and looks where the program does for the libraries of its libraries', async () => {
  const musl = '/lib/ld-musl-x86_64.so.1';
  await using host = await rootWith({
    '/sbin/e2fsck': elfFile({ interpreter: musl, needed: ['libblkid.so.1', 'libc.musl-x86_64.so.1'] }),
    [musl]: elfFile({ soname: 'libc.musl-x86_64.so.1' }),
    '/lib/libc.musl-x86_64.so.1': elfFile({ soname: 'libc.musl-x86_64.so.1' }),
    '/lib/libblkid.so.1': elfFile({ needed: ['libc.musl-x86_64.so.1'] }),
    '/own/bin/blkid': elfFile({
      interpreter: '/own/libc/ld.so',
      needed: ['libblkid.so.1', 'libc.so.6'],
      rpath: '/own/libc:/own/lib',
    }),
    '/own/libc/ld.so': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
    '/own/libc/libc.so.6': elfFile({ interpreter: '/lib64/none', needed: ['ld-linux-x86-64.so.2'] }),
    '/own/lib/libblkid.so.1': elfFile({ needed: ['libdeep.so.1', 'ld-linux-x86-64.so.2'] }),
    '/own/lib/libdeep.so.1': elfFile({ needed: ['libc.so.6'] }),
  });
  const files = await readPrograms(host, ['/sbin/e2fsck', '/own/bin/blkid']);
  expect([...files.keys()].sort()).toEqual([
    musl,
    '/lib/libblkid.so.1',
    '/own/bin/blkid',
    '/own/lib/libblkid.so.1',
    '/own/lib/libdeep.so.1',
    '/own/libc/ld.so',
    '/own/libc/libc.so.6',
    '/sbin/e2fsck',
  ]);
});

test('names a missing library and the file that needs it', async () => {
  await using host = await rootWith({ '/bin/a': elfFile({ needed: ['libgone.so.1'] }) });
  const failure = await failureOf(() => readPrograms(host, ['/bin/a']));
  expect(failure.message).toBe('the image has no libgone.so.1: /bin/a needs it');
});

test('a file that is not an ELF file, or ends early, needs nothing', () => {
  expect(readElf(Buffer.from('#!/bin/sh\n'))).toBeUndefined();
  expect(readElf(Buffer.alloc(0))).toBeUndefined();
  const whole = elfFile({ needed: ['liba.so'] });
  for (const length of [4, 63, 64, 100]) {
    const elf = readElf(whole.subarray(0, length));
    expect(elf?.needed ?? []).toEqual([]);
  }
});
