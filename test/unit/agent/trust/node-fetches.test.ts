import { describe, expect, test } from 'vitest';
import { addAuthorizedKeys } from '../../../../src/agent/accounts/authorized-keys.ts';
import { manualInstallCommand } from '../../../../src/agent/commands/manual-install.ts';
import { sysextCommand } from '../../../../src/agent/commands/sysext.ts';
import { readRemote } from '../../../../src/agent/config/remote.ts';
import { fileProvider } from '../../../../src/agent/datasource/file.ts';
import { httpProvider } from '../../../../src/agent/datasource/http.ts';
import { downloadsPlugin } from '../../../../src/agent/stages/plugins/downloads.ts';
import type { Host } from '../../../../src/common/host/host.ts';
import { testHost } from '../support/test-host.ts';

const URL_OF_ALL = 'https://a.test/x.raw';
const out = () => undefined;

/** Every way in which the agent fetches a URL; each rejects, or returns the problems that it logged. */
const FETCHES: Readonly<Record<string, (host: Host) => Promise<unknown>>> = {
  config_url: async (host) => {
    const { problems } = await readRemote(host, URL_OF_ALL);
    if (problems.length > 0) throw new Error(problems.join());
  },
  'manual-install': (host) => manualInstallCommand({ host, out }).parseAsync([URL_OF_ALL], { from: 'user' }),
  'sysext install': (host) =>
    sysextCommand({ host, out }).parseAsync(['install', URL_OF_ALL], { from: 'user' }),
  downloads: (host) =>
    downloadsPlugin.run({ host, expand: async (text) => text, step: {} }, [
      { path: '/opt/x', url: URL_OF_ALL },
    ]),
  authorized_keys: (host) => addAuthorizedKeys(host, 'bob', [URL_OF_ALL]),
  'datasource file': async (host) => fileProvider(URL_OF_ALL)(host),
  'datasource of a cloud': async (host) => httpProvider({ name: 'cloud', url: URL_OF_ALL })(host),
};

const FILES = { '/etc/passwd': 'bob:x:1000:1000::/home/bob:/bin/sh\n' };

describe.each(Object.keys(FETCHES))('%s', (name) => {
  test('does not follow a redirect from https to http', async () => {
    const asked: string[] = [];
    await using host = await testHost({
      files: FILES,
      fetch: (url) => {
        asked.push(url);
        return url.startsWith('https:')
          ? new Response(null, { status: 302, headers: { location: 'http://a.test/x.raw' } })
          : new Response('#cloud-config\n');
      },
    });
    await expect(FETCHES[name]?.(host)).rejects.toThrow('redirects from https to http://a.test');
    expect(asked).toEqual([URL_OF_ALL]);
  });

  test.each(['announced', 'endless'])('does not take a response without limit: %s', async (kind) => {
    // A download to a file is limited by the room on the disk, which a test must not fill.
    if (kind === 'endless' && ['downloads', 'sysext install'].includes(name)) return;
    let sent = 0;
    const chunk = new Uint8Array(1024 * 1024).fill(120);
    const body = () =>
      new ReadableStream({
        pull: (controller) => {
          sent += 1;
          controller.enqueue(chunk);
        },
      });
    const headers = kind === 'announced' ? { 'content-length': String(2 ** 50) } : {};
    await using host = await testHost({ files: FILES, fetch: () => new Response(body(), { headers }) });
    await expect(FETCHES[name]?.(host)).rejects.toThrow(/is larger than/);
    expect(sent).toBeLessThan(80);
    expect(await host.list('/opt')).toEqual([]);
  });
});
