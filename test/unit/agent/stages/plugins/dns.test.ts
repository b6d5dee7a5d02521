import { expect, test } from 'vitest';
import { dnsPlugin } from '../../../../../src/agent/stages/plugins/dns.ts';
import { testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

test('resolv.conf has search, servers and options, and replaces a link', async () => {
  await using host = await testHost({ files: { '/run/stub.conf': 'nameserver 127.0.0.53\n' } });
  await host.link('../run/stub.conf', '/etc/resolv.conf');
  await dnsPlugin.run(pluginContext(host), {
    nameservers: ['8.8.8.8', '1.1.1.1'],
    search: ['lan', 'example.org'],
    options: ['ndots:0'],
  });
  expect(await host.readText('/etc/resolv.conf')).toBe(
    'search lan example.org\nnameserver 8.8.8.8\nnameserver 1.1.1.1\noptions ndots:0\n',
  );
  expect((await host.stat('/etc/resolv.conf', { follow: false }))?.kind).toBe('file');
  expect(await host.readText('/run/stub.conf')).toBe('nameserver 127.0.0.53\n');
});

test('another path is written, even through a dangling link', async () => {
  await using host = await testHost();
  await host.link('/nowhere/at/all', '/etc/other.conf');
  await dnsPlugin.run(pluginContext(host), { nameservers: ['9.9.9.9'], path: '/etc/other.conf' });
  expect(await host.readText('/etc/other.conf')).toBe('nameserver 9.9.9.9\n');
});
