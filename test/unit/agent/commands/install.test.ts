import { describe, expect, test } from 'vitest';
import { installCommand } from '../../../../src/agent/commands/install.ts';
import { testHost } from '../support/test-host.ts';

const LIVE = '/run/initramfs/live/config.yaml';
const config = (install: string) =>
  `#cloud-config\ninstall: ${install}\nusers: [{name: a, groups: [admin]}]\n`;
const CMDLINE = { '/proc/cmdline': 'root=live:CDLABEL=COS_LIVE install-mode' };

async function run(files: Record<string, string>, onSleep?: () => Promise<void>) {
  const host = await testHost({
    files: {
      ...CMDLINE,
      '/sys/class/tty/console/active': 'tty1 ttyS0\n',
      '/dev/tty1': '',
      '/dev/ttyS0': '',
      ...files,
    },
    // On a machine without disks, an installation ends right at its start.
    run: ({ program }) => (program === 'lsblk' ? '{"blockdevices":[]}' : program === 'ip' ? '[]' : ''),
  });
  const context = { host: onSleep ? { ...host, sleep: onSleep } : host, out: () => undefined };
  const done = installCommand(context)
    .exitOverride()
    .parseAsync(onSleep ? [] : ['--once'], { from: 'user' });
  return {
    host,
    error: await done.then(
      () => undefined,
      (error: Error) => error.message,
    ),
  };
}

describe('install', () => {
  test('without a configuration shows how to proceed, and installs nothing', async () => {
    const { host, error } = await run({});
    await using _ = host;
    expect(error).toBeUndefined();
    expect(await host.readText('/run/issue.d/50-kairos-live.issue')).toContain('nothing is installed yet');
    expect(host.commands()).not.toContain(expect.stringMatching(/^(sfdisk|wipefs)/));
  });

  test('with a configuration without install.auto does the same', async () => {
    const { host, error } = await run({ [LIVE]: config('{device: auto}') });
    await using _ = host;
    expect(error).toBeUndefined();
  });

  test.each([
    ['{auto: "true"}', `${LIVE}: install.auto: expected true or false, found "true"`],
    ['{auto: 1}', `${LIVE}: install.auto: expected true or false, found 1`],
    ['{auto: true', `${LIVE}:3:1: `],
  ])('names at once what keeps it from starting: %s', async (install, mistake) => {
    const { host, error } = await run({ [LIVE]: config(install) });
    await using _ = host;
    expect(error).toBeUndefined();
    expect(await host.readText('/run/issue.d/50-kairos-live.issue')).toContain(mistake);
  });

  test('starts automatically with install.auto: yes', async () => {
    const { host, error } = await run({
      [LIVE]: config('{auto: yes, source: "dir:/src"}'),
      '/src/file': 'x',
    });
    await using _ = host;
    expect(error).toContain('this machine has no disk to install to');
  });

  test('starts automatically with install.auto, and reports on every console', async () => {
    const { host, error } = await run({
      [LIVE]: config('{auto: true, source: "dir:/src"}'),
      '/src/file': 'x',
    });
    await using _ = host;
    expect(error).toContain('this machine has no disk to install to');
    for (const console of ['/dev/tty1', '/dev/ttyS0']) {
      expect(await host.readText(console)).toContain('kairos: Checking the source and the disk');
    }
  });

  test('keeps checking for a configuration', async () => {
    let looks = 0;
    const { host, error } = await run({ '/src/file': 'x' }, async () => {
      looks += 1;
      if (looks === 2) throw new Error('looked again');
    });
    await using _ = host;
    expect([looks, error]).toEqual([2, 'looked again']);
  });

  test('refuses an automatic installation without an administrator', async () => {
    const { host, error } = await run({ [LIVE]: '#cloud-config\ninstall: {auto: true}\n' });
    await using _ = host;
    expect(error).toContain('no user in the group admin');
  });
});
