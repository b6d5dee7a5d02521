import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machineArch } from '../../../../src/common/contract/architectures.ts';
import { rootArch } from '../../../../src/common/contract/root-arch.ts';
import { elfHeader } from '../../support/elf.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

test.each<[string, Parameters<typeof plant>[1], string | undefined]>([
  ['a shell', { 'bin/sh': elfHeader(183) }, 'arm64'],
  [
    'a link to a shell, absolute',
    { 'bin/sh': { link: '/usr/bin/dash' }, 'usr/bin/dash': elfHeader(62) },
    'amd64',
  ],
  ['a script where the shell is expected', { 'bin/sh': '#!/x\n', 'sbin/init': elfHeader(183) }, 'arm64'],
  ['a loader and nothing else', { 'lib/ld-linux-aarch64.so.1': elfHeader(183) }, 'arm64'],
  ['musl’s loader', { 'lib/ld-musl-x86_64.so.1': elfHeader(62) }, 'amd64'],
  ['programs of another machine', { 'bin/sh': elfHeader(243) }, 'ELF machine 243'],
  ['programs of a machine of the other order', { 'bin/sh': elfHeader(22, 'big') }, 'ELF machine 22'],
  ['a file that is cut short', { 'bin/sh': '\x7fELF' }, undefined],
  ['a directory where the shell is expected', { 'bin/sh/x': '' }, undefined],
  ['nothing', {}, undefined],
])('a root with %s', async (_, tree, arch) => {
  expect(await rootArch(plant(temporaryDirectory(), tree))).toBe(arch);
});

test('a pipe instead of the shell does not block', async () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'bin'));
  execFileSync('mkfifo', [join(root, 'bin/sh')]);
  expect(await rootArch(root)).toBeUndefined();
});

test('detects the architecture of this machine', async () => {
  expect(await rootArch('/')).toBe(machineArch());
});
