import { describe, expect, test } from 'vitest';
import type { AgentCommand } from '../../../../src/agent/commands/agent-command.ts';
import { bootentryCommand } from '../../../../src/agent/commands/bootentry.ts';
import { grubeditCommand } from '../../../../src/agent/commands/grubedit.ts';
import { manualInstallCommand } from '../../../../src/agent/commands/manual-install.ts';
import { versionCommand } from '../../../../src/agent/commands/version.ts';
import { grubEnvironment } from '../../../../src/common/contract/grub-environment.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

async function run(host: TestHost, command: AgentCommand, ...args: string[]): Promise<string> {
  let printed = '';
  const made = command({ host, out: (text) => (printed += text) });
  await made.exitOverride().parseAsync(args, { from: 'user' });
  return printed;
}

const node = async () => {
  const host = await testHost({
    files: {
      '/proc/cmdline': 'root=LABEL=COS_PASSIVE',
      '/proc/self/mounts': '/dev/vda3 /oem ext4 rw 0 0\n',
      '/etc/kairos-release': 'KAIROS_VERSION="v1.2.3"\n',
    },
    run: ({ program }) => (program === 'blkid' ? '/dev/vda3\n' : ''),
  });
  await host.write('/oem/grubenv', grubEnvironment({ saved_entry: 'cos' }));
  return host;
};

describe('bootentry', () => {
  test('lists the entries and marks the current, next and default ones', async () => {
    await using host = await node();
    const lines = (await run(host, bootentryCommand)).split('\n');
    expect(lines[0]).toBe('cos             the active system (default)');
    expect(lines[1]).toBe('fallback        the passive system (current)');
    expect(JSON.parse(await run(host, bootentryCommand, '--json'))).toHaveLength(4);
  });

  test('selects an entry for the next boot', async () => {
    await using host = await node();
    expect(await run(host, bootentryCommand, '--select', 'recovery')).toBe(
      'The next boot starts recovery, once.\n',
    );
    expect(await host.readBytes('/oem/grubenv')).toEqual(
      grubEnvironment({ saved_entry: 'cos', next_entry: 'recovery' }),
    );
  });

  test('refuses an unknown entry', async () => {
    await using host = await node();
    await expect(run(host, bootentryCommand, '--select', 'recover')).rejects.toThrow(
      'did you mean "recovery"?',
    );
  });
});

describe('grubedit', () => {
  test('sets, removes and lists variables', async () => {
    await using host = await node();
    await run(host, grubeditCommand, 'set', 'extra_cmdline=quiet loglevel=3', 'saved_entry=');
    expect(await run(host, grubeditCommand)).toBe('extra_cmdline=quiet loglevel=3\n');
    await run(host, grubeditCommand, 'set', 'a=b', '--grub-file', '/tmp/env');
    expect(await host.readBytes('/tmp/env')).toEqual(grubEnvironment({ a: 'b' }));
  });

  test('refuses kernel arguments that GRUB would change', async () => {
    await using host = await node();
    await run(host, grubeditCommand, 'set', 'extra_cmdline=dyndbg="module usbcore +p"');
    await expect(run(host, grubeditCommand, 'set', "extra_cmdline=a='b c'")).rejects.toThrow(
      'extra_cmdline: GRUB writes a backslash',
    );
    expect(await run(host, grubeditCommand)).toBe(
      'saved_entry=cos\nextra_cmdline=dyndbg="module usbcore +p"\n',
    );
  });

  test('refuses text that is not an assignment', async () => {
    await using host = await node();
    await expect(run(host, grubeditCommand, 'set', 'quiet')).rejects.toThrow('not of the form NAME=VALUE');
  });
});

describe('manual-install', () => {
  test.each([
    ['#cloud-config\ninstall:\n  device: 5\nusers: [{name: a, groups: [admin]}]\n', /config\.yaml:3:/],
    ['#cloud-config\ninstall: {}\nusers: [{name: a}]\n', /config\.yaml:3:1/],
    ['install: {}\n', /config\.yaml/],
  ])('refuses a broken configuration with its line, and touches nothing: %j', async (text, place) => {
    await using host = await testHost({ files: { '/config.yaml': text } });
    await expect(run(host, manualInstallCommand, '/config.yaml')).rejects.toThrow(place);
    expect(host.commands()).toEqual([]);
  });
});

test('version prints the versions of the agent and the system', async () => {
  await using host = await node();
  expect(await run(host, versionCommand)).toBe('vdevelopment\n');
  expect(await run(host, versionCommand, '--long')).toContain('KAIROS_VERSION=v1.2.3');
});
