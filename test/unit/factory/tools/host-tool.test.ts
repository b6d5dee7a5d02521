import { chmodSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkTool } from '../../../../src/factory/tools/check-tool.ts';
import { GRUB_MKIMAGE } from '../../../../src/factory/tools/grub-mkimage.ts';
import type { HostTool } from '../../../../src/factory/tools/host-tool.ts';
import { MKE2FS } from '../../../../src/factory/tools/mke2fs.ts';
import { MKSQUASHFS } from '../../../../src/factory/tools/mksquashfs.ts';
import { QEMU_IMG } from '../../../../src/factory/tools/qemu-img.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { XORRISO } from '../../../../src/factory/tools/xorriso.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** A runner with a script of that name first on its PATH. */
function withProgram(name: string, script: string) {
  const directory = plant(temporaryDirectory(), { [name]: `#!/bin/sh\n${script}\n` });
  chmodSync(join(directory, name), 0o755);
  const env = { ...process.env, PATH: [directory, process.env['PATH']].join(delimiter) };
  return {
    directory,
    runner: createRunner({ signal: new AbortController().signal, log: () => undefined, env }),
  };
}

// The output of Debian's tools, on the stream that they use.
const MKSQUASHFS_SAYS = (version: string) => `echo "mksquashfs version ${version} (2023/03/17)"; exit 1`;
const MKE2FS_SAYS = (version: string) => `echo "mke2fs ${version} (5-Feb-2023)" >&2`;
const GRUB_SAYS = (version: string) => `echo "grub-mkimage (GRUB) ${version}"`;
const XORRISO_SAYS = (version: string) =>
  `echo "GNU xorriso ${version} : RockRidge filesystem manipulator"; echo "xorriso version   :  ${version}"`;
const QEMU_IMG_SAYS = (version: string) =>
  `echo "qemu-img version ${version} (Debian 1:7.2+dfsg-7+deb12u12)"`;

test.each<[HostTool, (version: string) => string, string]>([
  [MKSQUASHFS, MKSQUASHFS_SAYS, '4.5'],
  [MKSQUASHFS, MKSQUASHFS_SAYS, '4.5.1'],
  [MKSQUASHFS, MKSQUASHFS_SAYS, '4.6.1'],
  [MKSQUASHFS, MKSQUASHFS_SAYS, '4.7.5'],
  [MKE2FS, MKE2FS_SAYS, '1.47.0'],
  [GRUB_MKIMAGE, GRUB_SAYS, '2.04'],
  [GRUB_MKIMAGE, GRUB_SAYS, '2.06'],
  [GRUB_MKIMAGE, GRUB_SAYS, '2.12'],
  [XORRISO, XORRISO_SAYS, '1.5.4'],
  [QEMU_IMG, QEMU_IMG_SAYS, '7.2.22'],
])('takes $name that says $2', async (tool, says, version) => {
  expect(await checkTool(withProgram(tool.name, says(version)).runner, tool)).toBe(version);
});

test.each<[HostTool, (version: string) => string, string]>([
  [MKSQUASHFS, MKSQUASHFS_SAYS, '4.4'],
  [MKSQUASHFS, MKSQUASHFS_SAYS, '4.7'],
  [MKSQUASHFS, MKSQUASHFS_SAYS, '4.7.4'],
  [MKE2FS, MKE2FS_SAYS, '1.44.5'],
  [GRUB_MKIMAGE, GRUB_SAYS, '2.02'],
  [XORRISO, XORRISO_SAYS, '1.4.8'],
  [QEMU_IMG, QEMU_IMG_SAYS, '4.2.1'],
])('refuses $name that says $2', async (tool, says, version) => {
  const { runner } = withProgram(tool.name, says(version));
  const error = await failureOf(() => checkTool(runner, tool));
  expect([error.kind, error.message]).toEqual([
    'tool',
    expect.stringContaining(`${tool.name} ${version} is not usable`),
  ]);
  expect(error.remedy).toContain(tool.package);
});

describe('checkTool', () => {
  test('refuses a tool that does not report its version, with its path', async () => {
    const { runner, directory } = withProgram('mksquashfs', 'echo something else');
    const error = await failureOf(() => checkTool(runner, MKSQUASHFS));
    expect([error.kind, error.message]).toEqual([
      'tool',
      `${directory}/mksquashfs does not report its version`,
    ]);
  });

  test('does not query the version of a tool without a range', async () => {
    const { runner } = withProgram('plain', 'exit 1');
    expect(await checkTool(runner, { name: 'plain', package: 'p' })).toBe('');
  });

  test('refuses a missing tool', async () => {
    const { runner } = withProgram('plain', 'exit 0');
    const error = await failureOf(() => checkTool(runner, { name: 'no-such-tool', package: 'some-package' }));
    expect([error.kind, error.message]).toEqual(['tool', 'no-such-tool is not installed']);
  });
});
