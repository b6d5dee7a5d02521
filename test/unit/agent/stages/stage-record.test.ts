import { describe, expect, test } from 'vitest';
import { runStageCommand } from '../../../../src/agent/commands/run-stage.ts';
import { readRecords } from '../../../../src/agent/stages/stage-record.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

const MOTD = '/etc/motd.d/20-kairos-configuration';
const ISSUE = '/etc/issue.d/20-kairos-configuration.issue';
const BROKEN = '#cloud-config\nstages: [\n';
const FAILING =
  '#cloud-config\nstages:\n  boot:\n    - name: web\n      commands: ["serve --password hush", "true"]\n';

async function node(files: Readonly<Record<string, string>>): Promise<TestHost> {
  return await testHost({
    files: { '/etc/issue': 'x', '/proc/cmdline': 'COS_ACTIVE', ...files },
    run: ({ program, args }) => ({ status: program === 'blkid' || args[1]?.startsWith('serve') ? 2 : 0 }),
  });
}

async function stage(host: TestHost, ...args: string[]): Promise<void> {
  await runStageCommand({ host, out: () => undefined })
    .exitOverride()
    .parseAsync(args, { from: 'user' });
}

describe('what failed in a stage of the boot', () => {
  test('is shown at each login: the file, the step and the action, but nothing that may be secret', async () => {
    await using host = await node({ '/oem/80.yaml': BROKEN, '/oem/90.yaml': FAILING });
    await stage(host, 'boot');
    const motd = await host.readText(MOTD);
    expect(motd).toMatch(/WAS NOT APPLIED COMPLETELY/);
    expect(motd).toMatch(/^ {2}\/oem\/80\.yaml:\d+:\d+$/m);
    expect(motd).toMatch(/^ {2}\/oem\/90\.yaml: step "90\.yaml\.web" of boot: commands$/m);
    expect(motd).toContain('sudo kairos-agent doctor');
    expect(motd).not.toContain('hush');
    // Before a login, everybody reads it.
    const issue = await host.readText(ISSUE);
    expect(issue).toContain('Log in to see why');
    expect(issue).not.toContain('/oem');
  });

  test('is kept for doctor, for root only, with its reason', async () => {
    await using host = await node({ '/oem/90.yaml': FAILING });
    await stage(host, 'boot');
    expect(await readRecords(host)).toEqual([
      {
        stage: 'boot',
        failures: [
          { place: '/oem/90.yaml: step "90.yaml.web" of boot: commands', message: '1 of 2 commands failed' },
        ],
      },
    ]);
    expect((await host.stat('/run/cos/stages.d/boot.json'))?.mode).toBe(0o600);
  });

  test('names a file that no stage can read once', async () => {
    await using host = await node({ '/oem/80.yaml': BROKEN });
    for (const name of ['rootfs', 'initramfs', 'fs', 'boot', 'network']) await stage(host, name);
    expect((await host.readText(MOTD))?.match(/80\.yaml/g)).toHaveLength(1);
  });

  test('is shown no longer when the stage has run without it', async () => {
    await using host = await node({ '/oem/80.yaml': BROKEN });
    await stage(host, 'boot');
    await host.write('/oem/80.yaml', '#cloud-config\n{}\n');
    await stage(host, 'boot');
    expect([await host.stat(MOTD), await host.stat(ISSUE)]).toEqual([undefined, undefined]);
  });

  test.each([
    ['other stages, such as those of an upgrade', ['before-upgrade']],
    ['a run with other configurations', ['boot', '--override-cloud-init-paths', '/oem']],
    ['plans', ['boot', '--analyze']],
  ])('does not come from %s', async (_, args) => {
    await using host = await node({ '/oem/80.yaml': BROKEN });
    await stage(host, ...args);
    expect(await readRecords(host)).toEqual([]);
    expect(await host.stat(MOTD)).toBeUndefined();
  });

  test('of the initramfs waits for the system, whose /etc has the notices', async () => {
    await using host = await node({ '/oem/80.yaml': BROKEN });
    await stage(host, 'rootfs');
    expect(await host.stat(MOTD)).toBeUndefined();
    expect((await readRecords(host)).map(({ stage: name }) => name)).toEqual(['rootfs']);
  });

  test('cannot stop the stage', async () => {
    await using host = await node({ '/oem/80.yaml': BROKEN, '/etc/motd.d': 'not a directory' });
    await stage(host, 'boot');
    expect(host.logged.join('\n')).toContain('cannot be shown at logins');
  });
});
