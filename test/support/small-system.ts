import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTinyRoot } from './tiny-root.ts';
import { tool } from './tool.ts';

/**
 * Prepares bases whose build takes seconds: a BusyBox root with a file as its kernel and a stand-in for dracut. Everything else is
 * real: engine, steps, tools. Its flavor is `flavor.yaml` in the directory.
 * @param directory an existing directory
 * @returns makes the tar file of a base with this script as its dracut, which makes the initramfs. All files have the same time
 */
export async function makeSmallSystem(
  directory: string,
): Promise<(name: string, dracut: string) => Promise<string>> {
  await makeTinyRoot(directory);
  const root = join(directory, 'root');
  await writeFile(join(directory, 'flavor.yaml'), 'extends: any\ninitramfs: dracut\n');
  for (const path of ['boot', 'lib/modules/6.1.0', 'var/log'])
    await mkdir(join(root, path), { recursive: true });
  await writeFile(join(root, 'boot/vmlinuz-6.1.0'), 'kernel');
  await writeFile(join(root, 'lib/modules/6.1.0/modules.dep'), '');
  return async (name, dracut) => {
    await writeFile(join(root, 'usr/bin/dracut'), `#!/bin/sh\n${dracut}\n`, { mode: 0o755 });
    const file = join(directory, `${name}.tar`);
    const same = ['--mtime=@1700000000', '--sort=name', '--owner=0', '--group=0'];
    await tool('tar', '-C', root, ...same, '-cf', file, '.');
    return file;
  };
}
