import { describe, expect, it } from 'vitest';
import { collectConfig } from '../../../../src/agent/config/collect.ts';
import { testHost } from '../support/test-host.ts';

const config = (body: string) => `#cloud-config\n${body}\n`;

describe('collectConfig', () => {
  it('merges all sources in order, and records where each layer came from', async () => {
    await using host = await testHost({
      files: {
        '/run/initramfs/live/config.yaml': '#node-config\nwho: live\nlive: true\nlist: [a]\n',
        '/run/initramfs/live/boot/deep.yaml': config('deep: true'),
        '/etc/kairos/10.yaml': config('who: etc\netc: true\nlist: [a, b]'),
        '/usr/local/cloud-config/10.yaml': config('who: local\nlocal: true'),
        '/oem/90_custom.yaml': config('who: oem\nmap: {a: 1, b: 1}'),
        '/oem/95_userdata/userdata.yaml': config('who: userdata\nmap: {b: 2}\ngone: null'),
        '/oem/10.yaml': config('who: first\ngone: here'),
        '/proc/cmdline': 'kairos.config=cmdline=1 kairos.config=map.c=3 cos.setup=/not/for/this who=no\n',
      },
    });
    const { data, layers, header, problems } = await collectConfig(host, {
      readers: [{ name: 'form', text: config('form: true\ncmdline: 0') }],
      overwrites: { last: true },
    });
    expect(data).toEqual({
      who: 'userdata',
      live: true,
      etc: true,
      local: true,
      list: ['a', 'b'],
      map: { a: 1, b: 2, c: 3 },
      gone: null,
      form: true,
      cmdline: 1,
      last: true,
    });
    expect(layers.map(({ name }) => name)).toEqual([
      '/run/initramfs/live/config.yaml',
      '/etc/kairos/10.yaml',
      '/usr/local/cloud-config/10.yaml',
      '/oem/10.yaml',
      '/oem/90_custom.yaml',
      '/oem/95_userdata/userdata.yaml',
      'form',
      'kernel command line',
      'overwrites',
    ]);
    expect(header).toBe('#node-config');
    expect(problems).toEqual([]);
    expect(host.calls).toEqual([]);
  });

  it('skips files that are not cloud-configs, and reports broken cloud-configs', async () => {
    await using host = await testHost({
      files: {
        '/oem/a.yaml': 'a: 1\n',
        '/oem/b.txt': config('b: 1'),
        '/oem/c.yml': config('c: 1'),
        '/oem/d.yaml': config('d: [1\ne: 2'),
        '/oem/e.yaml': `#cloud-config\n# ${'x'.repeat(1024 * 1024)}\n`,
        '/proc/cmdline': 'kairos.config=a..b=1\n',
      },
    });
    const { data, problems } = await collectConfig(host);
    expect(data).toEqual({ c: 1 });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^\/oem\/d\.yaml:\d+:\d+: /);
    expect(problems[1]).toContain('kernel command line');
    expect(host.logged.filter((line) => line.startsWith('error'))).toHaveLength(2);
    expect(host.logged).toContain('debug skipping /oem/a.yaml: it has no cloud-config header');
    expect(host.logged).toContain(
      'debug skipping /oem/e.yaml: it is larger than the 1 MiB limit of a cloud-config',
    );
  });

  it('refuses a reader that is not a cloud-config', async () => {
    await using host = await testHost();
    await expect(collectConfig(host, { readers: [{ name: 'form', text: 'a: 1' }] })).rejects.toMatchObject({
      kind: 'usage',
    });
  });
});

describe('config_url', () => {
  it('is followed from any layer, and overlays only that layer', async () => {
    const asked: string[] = [];
    await using host = await testHost({
      files: {
        '/oem/10.yaml': config('config_url: http://one/?token=secret\nwho: file\nkept: file'),
        '/oem/20.yaml': config('later: true'),
        '/local.yaml': config('who: path'),
        '/proc/cmdline': 'kairos.config_url=/local.yaml\n',
      },
      fetch: (url) => {
        asked.push(url);
        return new Response(
          url.includes('one')
            ? config('config_url: http://two/\nwho: one\nlater: false')
            : config('who: two'),
        );
      },
    });
    const { data, layers } = await collectConfig(host);
    expect(data).toMatchObject({ who: 'path', kept: 'file', later: true });
    expect(asked).toEqual(['http://one/?token=secret', 'http://two/']);
    expect(layers.map(({ name }) => name)).toEqual([
      '/oem/10.yaml',
      'http://one/',
      'http://two/',
      '/oem/20.yaml',
      '/local.yaml',
    ]);
  });

  it('is fetched up to three times, and a failure is reported', async () => {
    let asked = 0;
    await using host = await testHost({
      files: { '/oem/10.yaml': config('config_url: http://one/?token=secret\na: 1') },
      fetch: () => {
        asked += 1;
        return new Response('', { status: 503 });
      },
    });
    const { data, problems } = await collectConfig(host);
    expect(data['a']).toBe(1);
    expect(asked).toBe(3);
    expect(host.slept).toHaveLength(2);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('503');
    expect(host.logged.join('\n')).not.toContain('secret');
  });

  it.each([
    ['a page that is not a cloud-config', () => '<html>'],
    ['broken YAML', () => config('a: [')],
    ['itself', () => config('config_url: http://one/')],
    ['an endless chain', (url: string) => config(`config_url: ${url}x`)],
  ])('ends at %s', async (_, body) => {
    let asked = 0;
    await using host = await testHost({
      files: { '/oem/10.yaml': config('config_url: http://one/\na: 1') },
      fetch: (url) => {
        asked += 1;
        return new Response(body(url));
      },
    });
    const { data, problems } = await collectConfig(host);
    expect(data['a']).toBe(1);
    expect(problems).toHaveLength(1);
    expect(asked).toBeLessThanOrEqual(8);
  });

  it('is not followed without a network, unless it names a file', async () => {
    await using host = await testHost({
      files: {
        '/oem/10.yaml': config('config_url: http://one/'),
        '/oem/20.yaml': config('config_url: file:///local.yaml'),
        '/local.yaml': config('local: true'),
      },
    });
    const { data, problems } = await collectConfig(host, { fetch: 'never' });
    expect(data['local']).toBe(true);
    expect(problems).toEqual([]);
    expect(host.slept).toEqual([]);
  });

  it('reports a missing file', async () => {
    await using host = await testHost({ files: { '/proc/cmdline': 'kairos.config_url=/no.yaml\n' } });
    expect((await collectConfig(host)).problems[0]).toContain('/no.yaml does not exist');
  });
});
