import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { alpineRoot } from '../support/alpine-root.ts';
import { factory, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { plant } from '../unit/support/temporary.ts';
import { startGuest } from './guest.ts';

const FILES = {
  // The account is made by a stage: a login shows that the stages ran.
  'system/oem/90_login.yaml':
    '#cloud-config\nstages:\n  rootfs: [{ commands: ["echo rootfs >/run/rootfs-stage"] }]\n  boot:\n    - users: { root: { passwd: kairos } }\n      files: [{ path: /run/boot-stage, content: ran }]\n',
  'etc/profile.d/z-prompt.sh': "export PS1='root@alpine:~# '\n",
};

test('Alpine Linux 3.23 with its own kernel boots to a login under OpenRC, and nothing is installed', async () => {
  const home = await mkdtemp(join(TEST_HOME, 'vm-alpine-'));
  try {
    const base = await alpineRoot();
    const overlay = plant(join(home, 'overlay'), FILES);
    const args = ['build', '--flavor', 'alpine', '--no-packages', '--base', `dir:${base}`, '--json'];
    args.push('--artifact', 'raw', '--overlay-rootfs', overlay, '--output', join(home, 'out'));
    // No archive can be reached.
    const env = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9' };
    const { status, stdout, stderr } = await factory(args, { env });
    expect(status, stderr).toBe(0);
    const report = JSON.parse(stdout) as BuildReport;
    const file = report.manifest.artifacts.find(({ kind }) => kind === 'raw')?.file ?? '';
    expect(file).toMatch(/^kairos-alpine-3\.23/);
    const artifact = join(report.output, file);
    await using guest = await startGuest({ artifact, attachment: 'disk', firmware: 'bios' });
    await guest.waitFor(/login: /, 600_000);
    guest.type('root\n');
    await guest.waitFor(/Password: /);
    guest.type('kairos\n');
    await guest.waitFor(/root@alpine:~# /);
    // Later kernel messages would interrupt the output of commands.
    await guest.run('dmesg -n 1');
    expect(await guest.run('ls /run/cos/*_mode && cat /run/rootfs-stage /run/boot-stage')).toMatch(
      /active_mode\s+rootfs\s+ran/,
    );
    expect(await guest.run('rc-status --crashed; rc-status sysinit boot default | grep stopped')).toBe('');
    expect(await guest.run('touch /forbidden')).toMatch(/Read-only file system/);
    expect(await guest.run('awk \'$2 == "/etc" { print $1 }\' /proc/mounts')).toBe('overlay');
    expect(await guest.run('cmp /etc/machine-id /usr/local/etc/machine-id && echo same')).toBe('same');
    // Drivers are loaded, and the network is up.
    expect(await guest.run('ip -4 -o address show dev eth0')).toContain('10.0.2.15');
    // Programs that are Debian's, on musl.
    expect(await guest.run('blkid -L COS_STATE && lsblk -nro NAME /dev/vda')).toMatch(
      /\/dev\/vda\d[\s\S]*vda6/,
    );
  } finally {
    await tool('rm', '-rf', home);
  }
});
