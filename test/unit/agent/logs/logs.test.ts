import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logsCommand } from '../../../../src/agent/commands/logs.ts';
import { uuidCommand } from '../../../../src/agent/commands/uuid.ts';
import { matchingPaths } from '../../../../src/agent/logs/collect-logs.ts';
import { testHost } from '../support/test-host.ts';

const CONFIG = `#cloud-config
users: [{name: kairos, passwd: s3cret}]
logs: {journal: [myapp], files: ["/var/log/mi*/*.log"]}
`;

describe('logs', () => {
  it('packs journals, files and configuration, without secrets', async () => {
    const files = {
      '/oem/90_custom.yaml': CONFIG,
      '/oem/95_userdata/userdata.yaml': '#cloud-config\ntoken: s3cret\n',
      '/oem/95_userdata/userdata': 'token: s3cret\n',
      '/run/cos/config_url/abc.yaml': '#cloud-config\nk3s: {env: {TOKEN: s3cret}}\n',
      '/run/cos/config_url/abc.failed': '1',
      '/run/immucore/immucore.log': 'mounted\n',
      '/var/log/kairos/install.log': 'installed with password=s3cret\n',
      '/var/log/mine/a.log': 'mine\n',
      '/var/log/mine/a.txt': 'not mine\n',
      '/var/log/kairos-x.bin': 'a\0b',
      '/proc/cmdline': 'root=x kairos.config=k3s.token=s3cret quiet',
    };
    const packed: Record<string, string> = {};
    await using host = await testHost({
      files,
      missing: ['systemctl'],
      run: async ({ program, args }) => {
        if (program === 'journalctl') return args.at(-1) === 'myapp' ? 'hello --token s3cret\n' : '';
        if (program === 'lsblk') return 'vda\n';
        if (program !== 'tar') return undefined;
        const walk = async (path: string, name: string): Promise<void> => {
          if ((await host.stat(path))?.kind === 'file') packed[name] = (await host.readText(path)) ?? '';
          else for (const each of await host.list(path)) await walk(`${path}/${each}`, join(name, each));
        };
        await walk(args[3] ?? '', '');
        return undefined;
      },
    });
    const printed: string[] = [];
    const command = logsCommand({ host, out: (text) => printed.push(text) });
    await command.parseAsync(['-o', '/home/x.tar.gz'], { from: 'user' });
    const names = Object.keys(packed).map((name) => name.replace('kairos-logs/', ''));
    expect(names.sort()).toEqual([
      'config/oem/90_custom.yaml',
      'config/oem/95_userdata/userdata.yaml',
      'config/run/cos/config_url/abc.yaml',
      'files/proc/cmdline',
      'files/run/immucore/immucore.log',
      'files/var/log/kairos/install.log',
      'files/var/log/mine/a.log',
      'journal/myapp.log',
      'system/lsblk.txt',
    ]);
    expect(JSON.stringify(packed)).not.toContain('s3cret');
    expect(packed['kairos-logs/files/proc/cmdline']).toContain('quiet');
    expect(printed).toEqual(['/home/x.tar.gz\n']);
    expect((await host.stat('/home/x.tar.gz'))?.mode).toBe(0o600);
    expect(await host.list('/tmp')).toEqual([]);
  });

  it('leaves nothing behind when packing fails', async () => {
    await using host = await testHost({ run: ({ program }) => (program === 'tar' ? { status: 1 } : '') });
    const command = logsCommand({ host, out: () => undefined });
    await expect(command.parseAsync(['-o', '/home/x.tar.gz'], { from: 'user' })).rejects.toThrow(
      'tar failed',
    );
    expect([...(await host.list('/home')), ...(await host.list('/tmp'))]).toEqual([]);
  });

  it('finds paths by wildcards in any part', async () => {
    const files = { '/a/b1/x.log': '', '/a/b2/y.log': '', '/a/b2/z.txt': '', '/a/b.c': '' };
    await using host = await testHost({ files });
    expect(await matchingPaths(host, '/a/b?/*.log')).toEqual(['/a/b1/x.log', '/a/b2/y.log']);
    expect(await matchingPaths(host, '/a/b.c')).toEqual(['/a/b.c']);
    expect(await matchingPaths(host, '/nothing/*')).toEqual([]);
  });
});

const ID = '0123456789abcdef'.repeat(2);

describe('uuid', () => {
  it.each([
    [{ '/etc/machine-id': `${ID}\n`, '/proc/sys/kernel/hostname': 'node-1\n' }, `${ID}-node-1\n`],
    [{ '/etc/machine-id': `${ID}\n` }, `${ID}-localhost\n`],
  ])('of %j is %j', async (files, printed) => {
    await using host = await testHost({ files });
    let text = '';
    await uuidCommand({
      host,
      out: (part) => {
        text += part;
      },
    }).parseAsync([], { from: 'user' });
    expect(text).toBe(printed);
  });

  it('is an error when there is none', async () => {
    await using host = await testHost();
    const run = uuidCommand({ host, out: () => undefined }).parseAsync([], { from: 'user' });
    await expect(run).rejects.toThrow('has no machine-id');
  });
});
