import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { filesPlugin } from '../../../../../src/agent/stages/plugins/files.ts';
import { testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

const BASE64 = Buffer.from('hello <NAME>\n').toString('base64');
const GZIP = gzipSync('hello <NAME>\n');

test('content is expanded, the default mode is 0644, and parents are created', async () => {
  await using host = await testHost({ files: { '/etc/passwd': 'bob:x:1000:1001::/:/bin/sh\n' } });
  await filesPlugin.run(pluginContext(host, { NAME: 'node' }), [
    { path: '/etc/a/b.conf', content: 'name=<NAME>\n' },
    { path: '/etc/secret', content: 'x', permissions: '0600', owner_string: 'bob' },
    { path: '/etc/empty', permissions: 0o640, owner: 3, group: 4 },
  ]);
  expect(await host.readText('/etc/a/b.conf')).toBe('name=node\n');
  expect((await host.stat('/etc/a/b.conf'))?.mode).toBe(0o644);
  expect((await host.stat('/etc/secret'))?.mode).toBe(0o600);
  expect((await host.stat('/etc/empty'))?.size).toBe(0);
  expect(host.owners).toEqual(['/etc/secret 1000:1001', '/etc/empty 3:4']);
});

test.each([
  ['b64', BASE64],
  ['base64', `${BASE64.slice(0, 5)}\n  ${BASE64.slice(5)}\n`],
  ['B64', BASE64],
  ['gz', GZIP.toString('latin1')],
  ['gzip', GZIP.toString('latin1')],
  ['gz+b64', GZIP.toString('base64')],
  ['gz+base64', GZIP.toString('base64')],
  ['gzip+b64', GZIP.toString('base64')],
  ['gzip+base64', GZIP.toString('base64')],
  ['b64+gz', GZIP.toString('base64')],
  ['text/plain', 'hello <NAME>\n'],
])('%s is decoded before it is expanded', async (encoding, content) => {
  await using host = await testHost();
  await filesPlugin.run(pluginContext(host, { NAME: 'node' }), [{ path: '/a', content, encoding }]);
  expect(await host.readText('/a')).toBe('hello node\n');
});

test('binary content is written byte for byte', async () => {
  const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x3c, 0x41, 0x3e]);
  await using host = await testHost();
  await filesPlugin.run(pluginContext(host), [
    { path: '/a', content: bytes.toString('base64'), encoding: 'b64' },
  ]);
  expect(Buffer.from((await host.readBytes('/a')) ?? [])).toEqual(bytes);
});

test('a link stays, and the file that it names is written', async () => {
  await using host = await testHost({ files: { '/usr/keep': 'keep' } });
  await host.link('/usr/keep', '/etc/link');
  await host.link('/nowhere/at/all', '/etc/dangling');
  await filesPlugin.run(pluginContext(host), [
    { path: '/etc/link', content: 'new' },
    { path: '/etc/dangling', content: 'new' },
  ]);
  expect(await host.readText('/usr/keep')).toBe('new');
  expect(await host.readText('/nowhere/at/all')).toBe('new');
  expect(await host.readLink('/etc/link')).toBe('/usr/keep');
  expect(await host.readLink('/etc/dangling')).toBe('/nowhere/at/all');
});

test('appending keeps the existing content', async () => {
  await using host = await testHost({ files: { '/etc/a': 'one\n' } });
  await host.chmod('/etc/a', 0o600);
  await filesPlugin.run(pluginContext(host, { NAME: 'two' }), [
    { path: '/etc/a', content: '<NAME>\n', append: true },
  ]);
  expect(await host.readText('/etc/a')).toBe('one\ntwo\n');
  expect((await host.stat('/etc/a'))?.mode).toBe(0o600);
});

test.each([
  [{ encoding: 'rot13', content: 'x' }, 'unknown encoding rot13'],
  [{ encoding: 'b64', content: 'not base64!' }, 'is not base64'],
  [{ encoding: 'gz+b64', content: 'aGVsbG8=' }, 'is not gzip'],
  [{ content: '<BROKEN>' }, 'the template is broken'],
  [{ encoding: 'b64', content: '//8=', append: true }, 'is not text'],
])('%j fails and leaves the old file', async (file, message) => {
  await using host = await testHost({ files: { '/a': 'old' } });
  const run = filesPlugin.run(pluginContext(host), [{ path: '/a', ...file }]);
  await expect(run).rejects.toThrow(message);
  expect(await host.readText('/a')).toBe('old');
});

test('a loop of links is an error', async () => {
  await using host = await testHost();
  await host.link('/b', '/a');
  await host.link('a', '/b');
  await expect(filesPlugin.run(pluginContext(host), [{ path: '/a', content: 'x' }])).rejects.toThrow(
    '/a is a loop',
  );
});

test('an unknown owner is replaced by root, without the set-user-ID bit', async () => {
  await using host = await testHost();
  const files = [
    { path: '/a', content: 'x', permissions: 0o4755, owner_string: 'eve' },
    { path: '/b', content: 'x' },
    { path: '/c', content: 'x', encoding: 'rot13' },
    { path: '/d', content: 'x', append: true, permissions: 0o640, owner_string: 'root:nobodies' },
    { path: '/e', content: 'x' },
  ];
  await expect(filesPlugin.run(pluginContext(host), files)).rejects.toThrow(
    /The user eve does not exist; .*rot13; The user root does not exist/,
  );
  expect((await host.stat('/a'))?.mode).toBe(0o755);
  expect(host.owners).toEqual(['/a 0:0', '/d 0:0']);
  expect(await host.list('/')).toEqual(['a', 'b', 'd', 'e']);
});

test('the owner may be called ownerstring, as upstream calls it', async () => {
  await using host = await testHost({ files: { '/etc/passwd': 'bob:x:1000:1001::/:/bin/sh\n' } });
  await filesPlugin.run(pluginContext(host), [
    { path: '/a', content: 'x', permissions: 0o640, ownerstring: 'bob' },
  ]);
  expect(host.owners).toEqual(['/a 1000:1001']);
});

test('the owner is set before the mode, because that clears the set-user-ID bit', async () => {
  await using host = await testHost();
  const order: string[] = [];
  const watched = {
    ...host,
    chown: async (path: string) => void order.push(`chown ${path}`),
    chmod: async (path: string, mode: number) => void order.push(`chmod ${path} ${mode.toString(8)}`),
  };
  await filesPlugin.run(pluginContext(watched), [
    { path: '/run/f', content: 'b', append: true, permissions: 0o4755, owner: 0, group: 0 },
  ]);
  expect(order).toEqual(['chown /run/f', 'chmod /run/f 4755']);
});
