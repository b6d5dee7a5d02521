import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { factory, TEST_HOME, testBuild } from '../support/factory.ts';
import { makeTinyRoot } from '../support/tiny-root.ts';
import { tool } from '../support/tool.ts';
import { startGuest } from './guest.ts';

test('a root with only BusyBox and the kernel of another image boots as an immutable system', async () => {
  const debian = await testBuild();
  const home = await mkdtemp(join(TEST_HOME, 'vm-any-'));
  try {
    const args = ['build', '--flavor', 'any', '--base', await makeTinyRoot(home), '--json'];
    args.push(
      '--kernel-from',
      `oci:${debian.artifact('oci')}`,
      '--artifact',
      'raw',
      '--output',
      join(home, 'out'),
    );
    const { status, stdout, stderr } = await factory(args);
    expect(status, stderr).toBe(0);
    const report = JSON.parse(stdout) as BuildReport;
    const artifact = join(
      report.output,
      report.manifest.artifacts.find(({ kind }) => kind === 'raw')?.file ?? '',
    );
    await using guest = await startGuest({ artifact, attachment: 'disk', firmware: 'bios' });
    await guest.waitFor(/root@tiny:~# /, 600_000);
    // Later kernel messages would interrupt the output of commands.
    await guest.run('dmesg -n 1');
    expect(await guest.run('cat /proc/1/comm')).toBe('init');
    expect(await guest.run('ls /run/cos/')).toContain('active_mode');
    // The root has no C library: the agent brings its own.
    expect(await guest.run('kairos-agent version')).toMatch(/^v\d/);
    // The root is the active slot, read-only, with the directories of the layout mounted over it.
    expect(await guest.run('awk \'$2 == "/" { print $4 }\' /proc/mounts | tail -n 1')).toMatch(/^ro\b/);
    expect(await guest.run('touch /forbidden')).toMatch(/Read-only file system/);
    expect(await guest.run('awk \'$2 == "/etc" { print $1 }\' /proc/mounts')).toBe('overlay');
    expect(await guest.run("grep -c ' /usr/local ' /proc/mounts")).not.toBe('0');
    expect(await guest.run('echo kept >/usr/local/marker && cat /usr/local/marker')).toBe('kept');
    const mounted = await guest.run('grep -o "^LABEL=[A-Z_]* [^ ]*" /etc/fstab');
    expect(mounted).toContain('LABEL=COS_STATE /run/initramfs/cos-state');
    expect(mounted).toContain('LABEL=COS_PERSISTENT /usr/local');
    expect(await guest.run('ls /run/initramfs/cos-state/cOS')).toMatch(/active\.img[\s\S]*passive\.img/);
  } finally {
    await tool('rm', '-rf', home);
  }
});
