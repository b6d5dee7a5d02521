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

test('a link is replaced, not followed', async () => {
  await using host = await testHost({ files: { '/usr/keep': 'keep' } });
  await host.link('/usr/keep', '/etc/link');
  await host.link('/nowhere/at/all', '/etc/dangling');
  await filesPlugin.run(pluginContext(host), [
    { path: '/etc/link', content: 'new' },
    { path: '/etc/dangling', content: 'new' },
  ]);
  expect(await host.readText('/usr/keep')).toBe('keep');
  expect(await host.readText('/etc/link')).toBe('new');
  expect(await host.readText('/etc/dangling')).toBe('new');
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
  [{ content: 'x', owner_string: 'eve' }, 'The user eve does not exist'],
  [{ content: '<BROKEN>' }, 'the template is broken'],
  [{ encoding: 'b64', content: '//8=', append: true }, 'is not text'],
])('%j fails and leaves the old file', async (file, message) => {
  await using host = await testHost({ files: { '/a': 'old' } });
  const run = filesPlugin.run(pluginContext(host), [{ path: '/a', ...file }]);
  await expect(run).rejects.toThrow(message);
  expect(await host.readText('/a')).toBe('old');
});
