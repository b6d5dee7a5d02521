import { expect, test } from 'vitest';
import { downloadsPlugin } from '../../../../../src/agent/stages/plugins/downloads.ts';
import { type TestHostOptions, testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

const URL_OF_FILE = 'https://example.org/dir/tool?v=1';

/** A host whose network gives these responses in turn. */
function hostAnswering(answers: readonly (() => Response)[], options: TestHostOptions = {}) {
  const left = [...answers];
  return testHost({
    ...options,
    fetch: () => {
      const answer = left.shift();
      if (answer === undefined) throw new TypeError('fetch failed');
      return answer();
    },
  });
}

test('a file gets its mode and owner, and no partial file remains', async () => {
  await using host = await hostAnswering([() => new Response('binary')], {
    files: { '/etc/passwd': 'bob:x:1000:1001::/home/bob:/bin/sh\n' },
  });
  await downloadsPlugin.run(pluginContext(host), [
    { path: '/opt/bin/tool', url: URL_OF_FILE, permissions: 0o755, owner_string: 'bob' },
  ]);
  expect(await host.readText('/opt/bin/tool')).toBe('binary');
  expect((await host.stat('/opt/bin/tool'))?.mode).toBe(0o755);
  expect(host.owners).toEqual([expect.stringMatching(/^\/opt\/bin\/tool\.\w+\.part 1000:1001$/)]);
  expect(await host.list('/opt/bin')).toEqual(['tool']);
});

test('in a directory a file gets its own name', async () => {
  await using host = await hostAnswering([() => new Response('x')], { files: { '/opt/bin/old': '' } });
  await downloadsPlugin.run(pluginContext(host), [{ path: '/opt/bin', url: URL_OF_FILE }]);
  expect(await host.list('/opt/bin')).toEqual(['old', 'tool']);
});

test('an empty file is created', async () => {
  await using host = await hostAnswering([() => new Response(null, { status: 200 })]);
  await downloadsPlugin.run(pluginContext(host), [{ path: '/a', url: URL_OF_FILE }]);
  expect((await host.stat('/a'))?.size).toBe(0);
});

test('a server that is away, and one that breaks off, are asked again', async () => {
  const broken = new ReadableStream({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode('half of a much longer file'));
      controller.error(new Error('connection lost'));
    },
  });
  await using host = await hostAnswering([
    () => new Response('', { status: 503 }),
    () => new Response(broken),
    () => new Response('whole'),
  ]);
  await downloadsPlugin.run(pluginContext(host), [{ path: '/a', url: URL_OF_FILE, timeout: 5 }]);
  expect(await host.readText('/a')).toBe('whole');
  const [first = 0, second = 0] = host.slept;
  expect(host.slept).toHaveLength(2);
  expect(first).toBeGreaterThanOrEqual(1000);
  expect(first).toBeLessThanOrEqual(3000);
  expect(second).toBeGreaterThanOrEqual(2000);
  expect(second).toBeLessThanOrEqual(6000);
});

test('after three attempts it fails, and the old file stays', async () => {
  await using host = await hostAnswering([], { files: { '/d/a': 'old' } });
  const url = 'https://user:secret@example.org/a?token=secret';
  const run = downloadsPlugin.run(pluginContext(host), [{ path: '/d/a', url }]);
  await expect(run).rejects.toMatchObject({
    kind: 'step',
    message: 'https://example.org/a cannot be fetched: fetch failed',
    remedy: expect.any(String),
  });
  expect(host.logged.join()).not.toContain('secret');
  expect(await host.readText('/d/a')).toBe('old');
  expect(await host.list('/d')).toEqual(['a']);
  expect(host.slept).toHaveLength(2);
});

test('a refusal is final', async () => {
  await using host = await hostAnswering([() => new Response('', { status: 404 })]);
  const run = downloadsPlugin.run(pluginContext(host), [{ path: '/a', url: URL_OF_FILE }]);
  await expect(run).rejects.toThrow('the server responds with HTTP 404');
  expect(host.slept).toEqual([]);
});

test('files of the machine are copied, by path and by file://', async () => {
  await using host = await testHost({ files: { '/media/a b': 'local' } });
  await downloadsPlugin.run(pluginContext(host), [
    { path: '/one', url: '/media/a b' },
    { path: '/two', url: 'file:///media/a%20b' },
  ]);
  expect(await host.readText('/one')).toBe('local');
  expect(await host.readText('/two')).toBe('local');
});

test.each([
  ['ftp://example.org/a', 'is not a supported URL or path'],
  ['relative/path', 'is not a supported URL or path'],
  ['/missing', '/missing is not a file'],
])('%s fails', async (url, message) => {
  await using host = await testHost();
  await expect(downloadsPlugin.run(pluginContext(host), [{ path: '/a', url }])).rejects.toThrow(message);
  expect(await host.list('/')).not.toContain('a');
});

test('the set-user-ID bit survives the change of the owner, and one failure does not stop the others', async () => {
  await using host = await testHost({ files: { '/src/a': 'a' } });
  const order: string[] = [];
  const watched = {
    ...host,
    chown: async () => void order.push('chown'),
    chmod: async (_: string, mode: number) => void order.push(`chmod ${mode.toString(8)}`),
  };
  const run = downloadsPlugin.run(pluginContext(watched), [
    { path: '/run/missing', url: '/src/missing' },
    { path: '/run/d', url: '/src/a', permissions: 0o4755, owner_string: '0:0' },
    { path: '/run/e', url: '/src/a', permissions: 0o4755, owner_string: 'eve' },
  ]);
  await expect(run).rejects.toThrow('/src/missing is not a file; The user eve does not exist');
  expect(order).toEqual(['chown', 'chmod 4755', 'chown', 'chmod 755']);
  expect(await host.list('/run')).toEqual(['d', 'e']);
});
