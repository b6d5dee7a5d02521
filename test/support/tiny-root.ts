import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tool } from './tool.ts';

/** The program that init runs: a root shell on the serial console, which tests drive. All filesystems are mounted by then. */
const INITTAB = 'ttyS0::respawn:/bin/console\n';
/** A script, because init treats the # of a prompt as a comment. */
const CONSOLE = "#!/bin/sh\nexport HOME=/root PS1='root@tiny:~# '\nexec /bin/sh\n";

/**
 * Creates a root filesystem without a distribution: Debian's static busybox under all its names, an init, and an
 * os-release, but no C library, package manager, service manager or kernel.
 * @param directory an existing directory; the root becomes its directory `root`
 * @returns the path of a tar of the root, in which every file has the same time
 */
export async function makeTinyRoot(directory: string): Promise<string> {
  const root = join(directory, 'root');
  for (const path of [
    'bin',
    'sbin',
    'etc',
    'lib',
    'usr/bin',
    'usr/sbin',
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'root',
  ])
    await mkdir(join(root, path), { recursive: true });
  await tool(
    'sh',
    '-c',
    'cd "$1" && apt-get -q download busybox-static && dpkg-deb -x busybox-static_*.deb deb',
    'sh',
    directory,
  );
  const found = (await readdir(join(directory, 'deb'), { recursive: true })).find((path) =>
    /bin\/busybox$/.test(path),
  );
  await tool('cp', join(directory, 'deb', found ?? ''), join(root, 'bin/busybox'));
  await tool('chroot', root, '/bin/busybox', '--install', '-s');
  // busybox installs /linuxrc too, which a root with an init does not need.
  await tool('rm', '-f', join(root, 'linuxrc'), join(root, 'sbin/init'));
  await symlink('/bin/busybox', join(root, 'sbin/init'));
  await writeFile(join(root, 'etc/inittab'), INITTAB);
  await writeFile(join(root, 'bin/console'), CONSOLE, { mode: 0o755 });
  await writeFile(join(root, 'etc/os-release'), 'ID=tiny\nVERSION_ID=1\nNAME="Tiny"\n');
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  // BuildKit cannot run anything without it.
  await writeFile(join(root, 'etc/group'), 'root:x:0:\n');
  await chmod(join(root, 'tmp'), 0o1777);
  const tar = join(directory, 'tiny.tar');
  await tool(
    'tar',
    '-C',
    root,
    '--mtime=@1700000000',
    '--sort=name',
    '--owner=0',
    '--group=0',
    '-cf',
    tar,
    '.',
  );
  return tar;
}
