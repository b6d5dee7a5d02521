import { expect, test } from 'vitest';
import { hostnamePlugin } from '../../../../../src/agent/stages/plugins/hostname.ts';
import { testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

const HOSTS = '127.0.0.1 localhost\n127.0.1.1 old.example.org old\n10.0.0.1 gateway\n127.0.1.1 older\n';

test('the name is expanded, written, and set in the kernel', async () => {
  await using host = await testHost({ files: { '/etc/hosts': HOSTS, '/proc/sys/kernel/hostname': '' } });
  await hostnamePlugin.run(pluginContext(host, { MachineID: 'ab12' }), 'kairos-<MachineID>\n');
  expect(await host.readText('/etc/hostname')).toBe('kairos-ab12\n');
  expect(await host.readText('/etc/hosts')).toBe(
    '127.0.0.1 localhost\n127.0.1.1 kairos-ab12\n10.0.0.1 gateway\n',
  );
  expect(await host.readText('/proc/sys/kernel/hostname')).toBe('kairos-ab12');
});

test('without /proc a program sets it; missing hosts are created; a domain adds the short name', async () => {
  await using host = await testHost();
  await hostnamePlugin.run(pluginContext(host), 'node.example.org');
  expect(host.commands()).toEqual(['hostname node.example.org']);
  expect(await host.readText('/etc/hosts')).toBe(
    '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 node.example.org node\n',
  );
});

test('links to persistent files are followed, others replaced', async () => {
  await using host = await testHost({
    files: { '/usr/local/etc/hosts': '127.0.0.1 localhost', '/usr/lib/hostname': 'image\n' },
  });
  await host.link('../usr/local/etc/hosts', '/etc/hosts');
  await host.link('/usr/lib/hostname', '/etc/hostname');
  await hostnamePlugin.run(pluginContext(host), 'node');
  expect((await host.stat('/etc/hosts', { follow: false }))?.kind).toBe('link');
  expect(await host.readText('/usr/local/etc/hosts')).toBe('127.0.0.1 localhost\n127.0.1.1 node\n');
  expect((await host.stat('/etc/hostname', { follow: false }))?.kind).toBe('file');
  expect(await host.readText('/usr/lib/hostname')).toBe('image\n');
});

test('a dangling link to a persistent file is followed', async () => {
  await using host = await testHost();
  await host.link('/usr/local/etc/hostname', '/etc/hostname');
  await hostnamePlugin.run(pluginContext(host), 'node');
  expect(await host.readText('/usr/local/etc/hostname')).toBe('node\n');
});

test.each(['', '<MachineID>', 'a b', '-a', 'a..b', 'a_b', `${'a'.repeat(65)}`, 'a\nb'])(
  '%j is not a host name',
  async (name) => {
    await using host = await testHost({ files: { '/etc/hostname': 'old\n' } });
    await expect(hostnamePlugin.run(pluginContext(host), name)).rejects.toThrow('is not a host name');
    expect(await host.readText('/etc/hostname')).toBe('old\n');
  },
);
