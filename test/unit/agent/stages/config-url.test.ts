import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runStageCommand } from '../../../../src/agent/commands/run-stage.ts';
import { collectConfig } from '../../../../src/agent/config/collect.ts';
import { runStage } from '../../../../src/agent/stages/run-stage.ts';
import { renderYaml } from '../../../../src/common/cloud-config/render.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

const FETCHED = '/run/cos/config_url';
const config = (body: string) => `#cloud-config\n${body}\n`;
const LINK = config('config_url: http://c.test/node.yaml');
/** A configuration whose steps say in which stage they run. */
const REMOTE = config(
  `stages: {${['initramfs', 'fs', 'boot', 'network.before', 'network', 'reconcile']
    .map((stage) => `${stage}: [{commands: [remote ${stage}]}]`)
    .join(', ')}}`,
);
/** What they say up to the stage network. */
const UP_TO_NETWORK = ['initramfs', 'fs', 'boot', 'network.before', 'network'].map(
  (stage) => `remote ${stage}`,
);
const commandsOf = (host: TestHost) => host.calls.map(({ args }) => args.at(-1));

/** A node with these files, and a network with these texts by URL; others cannot be reached. */
async function node(files: Readonly<Record<string, string>>, texts: Record<string, string>) {
  const asked: string[] = [];
  const host = await testHost({
    files,
    fetch: (url) => {
      asked.push(url);
      const text = texts[url];
      if (text === undefined) throw new TypeError('fetch failed');
      return new Response(text);
    },
  });
  return { host, asked };
}

describe('the configuration at a config_url of a file', () => {
  it('runs in its stages, and what came too late for its stage runs when it comes', async () => {
    const { host, asked } = await node({ '/oem/a.yaml': LINK }, { 'http://c.test/node.yaml': REMOTE });
    await using _ = host;
    for (const stage of ['rootfs', 'initramfs', 'fs', 'boot']) await runStage(host, stage);
    expect([asked, host.slept, commandsOf(host)]).toEqual([[], [], []]);
    for (const stage of ['network', 'reconcile', 'reconcile']) await runStage(host, stage);
    expect(commandsOf(host)).toEqual([...UP_TO_NETWORK, 'remote reconcile', 'remote reconcile']);
    expect(asked).toEqual(['http://c.test/node.yaml']);
  });

  it('sets the host name and writes the files of that boot, from a real server', async () => {
    const server = createServer((_, response) =>
      response.end(config('hostname: remote1\nwrite_files: [{path: /etc/remote.conf, content: x}]')),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await using host = await testHost({
      files: { '/oem/a.yaml': config(`config_url: http://127.0.0.1:${port}/x\nhostname: local1`) },
      fetch: (url) => fetch(url),
    });
    for (const stage of ['initramfs', 'boot']) await runStage(host, stage);
    expect(await host.readText('/etc/hostname')).toBe('local1\n');
    await runStage(host, 'network');
    server.close();
    expect(await host.readText('/etc/hostname')).toBe('remote1\n');
    expect(await host.readText('/etc/remote.conf')).toBe('x');
  });

  it('is followed along its chain, each once, behind the file that leads to it', async () => {
    const demo = (text: string, more = '') => config(`stages: {network: [{commands: [${text}]}]}\n${more}`);
    const { host, asked } = await node(
      {
        '/oem/a.yaml': demo('a', 'config_url: http://c.test/1'),
        '/oem/b.yaml': demo('b', 'config_url: http://c.test/2'),
        '/proc/cmdline': 'kairos.config_url=http://c.test/1\n',
      },
      {
        'http://c.test/1': demo('one', 'config_url: http://c.test/2'),
        'http://c.test/2': demo('two', 'config_url: http://c.test/1'),
      },
    );
    await using _ = host;
    const { problems } = await runStage(host, 'network');
    expect(commandsOf(host)).toEqual(['a', 'one', 'two', 'b']);
    expect(problems.join()).toContain('links back to itself');
    expect(new Set(asked).size).toBe(2);
    for (const each of ['network', 'reconcile']) await runStage(host, each);
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it('does not run steps again that an installation has merged into the file', async () => {
    const remote = config(
      [
        'runcmd: [a]',
        'users: [{name: ann, no_create_home: true}]',
        'stages:',
        '  network:',
        '    - {name: n, if_files: {none: [/no]}, environment: {UMASK: 022}, commands: [b]}',
        '    - {files: [{path: /etc/x, content: 1.10, permissions: 0600}], commands: [d]}',
        '  demo: [{commands: [c]}]',
      ].join('\n'),
    );
    const texts = { 'http://c.test/x': remote };
    const live = await node({ '/oem/a.yaml': config('config_url: http://c.test/x\nruncmd: [own]') }, texts);
    const merged = await collectConfig(live.host);
    await live.host[Symbol.asyncDispose]();
    const { host } = await node(
      {
        '/oem/90_custom.yaml': `${merged.header}\n${renderYaml(merged.data)}`,
        '/etc/passwd': '',
        '/etc/group': '',
      },
      texts,
    );
    await using _ = host;
    for (const stage of ['boot', 'network', 'demo']) await runStage(host, stage);
    expect(commandsOf(host)).toEqual(['own', 'a', 'b', 'd', 'c']);
    texts['http://c.test/x'] = remote.replace('commands: [b]', 'commands: [changed]');
    await host.remove(FETCHED);
    await runStage(host, 'network');
    expect(commandsOf(host).slice(5)).toEqual(['b', 'd', 'changed']);
  });

  it('runs when user data or a step brings the link, in that stage', async () => {
    const write = { path: '/oem/95_userdata/userdata.yaml', content: LINK };
    const { host } = await node(
      { '/system/oem/a.yaml': config(`stages: {network: [{files: [${JSON.stringify(write)}]}]}`) },
      { 'http://c.test/node.yaml': REMOTE },
    );
    await using _ = host;
    await runStage(host, 'network');
    expect(commandsOf(host)).toEqual(['remote initramfs', 'remote fs', 'remote boot', 'remote network']);
  });
});

describe('a server of config_url that does not answer', () => {
  it('does not stop the steps of the node, and is tried again in a later stage', async () => {
    const texts: Record<string, string> = {};
    const { host, asked } = await node(
      {
        '/oem/a.yaml': `${LINK}stages: {network: [{commands: [own]}], network.after: [{commands: [later]}]}\n`,
      },
      texts,
    );
    await using _ = host;
    const { problems } = await runStage(host, 'network');
    expect(commandsOf(host)).toEqual(['own', 'later']);
    expect(problems).toHaveLength(1);
    expect(asked).toHaveLength(3);
    // Two pauses of a few seconds; the attempts end after 15 s each.
    expect(host.slept.reduce((sum, pause) => sum + pause, 0)).toBeLessThan(10_000);
    await collectConfig(host, { fetch: 'once' });
    expect(asked).toHaveLength(3);
    texts['http://c.test/node.yaml'] = REMOTE;
    const later = { ...host, now: () => new Date('2026-01-02T03:10:00Z') };
    await runStage(later, 'reconcile');
    expect(commandsOf(host).slice(2)).toEqual([
      'remote initramfs',
      'remote fs',
      'remote boot',
      'remote network.before',
      'remote network',
      'remote reconcile',
    ]);
  });

  it.each(['<html>log in</html>', '#cloud-config\na: ['])('is not taken for one: %s', async (text) => {
    const { host } = await node({ '/oem/a.yaml': LINK }, { 'http://c.test/node.yaml': text });
    await using _ = host;
    expect((await runStage(host, 'network')).problems).toHaveLength(1);
    expect((await host.list(FETCHED)).filter((name) => name.endsWith('.yaml'))).toEqual([]);
  });
});

describe('what is fetched', () => {
  it('is kept for root alone, and read by the merged configuration of the same boot', async () => {
    const { host, asked } = await node(
      { '/oem/a.yaml': LINK },
      { 'http://c.test/node.yaml': config('who: remote') },
    );
    await using _ = host;
    await runStage(host, 'network');
    const [name = ''] = await host.list(FETCHED);
    expect((await host.stat(`${FETCHED}/${name}`))?.mode).toBe(0o600);
    expect((await host.stat(FETCHED))?.mode).toBe(0o700);
    expect((await host.stat('/run/cos'))?.mode).toBe(0o755);
    for (const fetch of ['once', 'never'] as const)
      expect((await collectConfig(host, { fetch })).data['who']).toBe('remote');
    expect(asked).toHaveLength(1);
  });

  it('is not used against a trust policy', async () => {
    const { host } = await node(
      { '/oem/a.yaml': LINK },
      { 'http://c.test/node.yaml': config('stages: {network: [{commands: [no]}]}') },
    );
    await using _ = host;
    const asRoot = {
      ...host,
      stat: async (...args: Parameters<typeof host.stat>) => {
        const found = await host.stat(...args);
        return found && { ...found, uid: 0 };
      },
    };
    await runStage(asRoot, 'network');
    await host.write(
      '/etc/kairos/trust/policy.yaml',
      'repositories: [{match: "r.test/**", unsigned: true}]\n',
    );
    const { problems } = await runStage(asRoot, 'network');
    expect(commandsOf(host)).toEqual(['no']);
    expect(problems.join()).toContain('has a trust policy');
  });

  it('does not count as run when a stage outside of the boot or --analyze reads it', async () => {
    const { host, asked } = await node({ '/oem/a.yaml': LINK }, { 'http://c.test/node.yaml': REMOTE });
    await using _ = host;
    await runStage(host, 'before-upgrade');
    await runStageCommand({ host, out: () => undefined }).parseAsync(['network', '--analyze'], {
      from: 'user',
    });
    expect(asked).toHaveLength(2);
    await runStage(host, 'network');
    expect(commandsOf(host)[0]).toBe('remote initramfs');
  });

  it('misses no stage on a machine that was booted over the network', async () => {
    const { host } = await node(
      { '/proc/cmdline': 'netboot kairos.config_url=http://c.test/node.yaml\n' },
      { 'http://c.test/node.yaml': REMOTE },
    );
    await using _ = host;
    for (const stage of ['rootfs', 'initramfs', 'fs', 'boot', 'network']) await runStage(host, stage);
    expect(commandsOf(host)).toEqual(UP_TO_NETWORK);
  });
});
