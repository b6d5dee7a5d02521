import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pullDatasource } from '../../../../src/agent/datasource/pull-datasource.ts';
import { datasourcePlugin } from '../../../../src/agent/stages/plugins/datasource.ts';
import type { HttpRequest } from '../../../../src/common/host/http-fetch.ts';
import { type Call, testHost } from '../support/test-host.ts';

const CONFIG = '#cloud-config\nhostname: a\n';
const RESULT = '/oem/95_userdata/userdata.yaml';

/** A volume with a label; mounting it puts its files at the mount point. */
async function withVolume(label: string, files: Record<string, string>, more: Record<string, string> = {}) {
  const host = await testHost({
    files: more,
    run: async ({ program, args }: Call) => {
      if (program === 'blkid') return args[1] === label ? '/dev/sr0\n' : { status: 2 };
      if (program === 'mount') {
        for (const [name, text] of Object.entries(files)) await host.write(`${args.at(-1)}/${name}`, text);
      }
      return undefined;
    },
  });
  return host;
}

/** A network that serves these URLs and refuses others. */
const web = (answers: Record<string, string | ((request: HttpRequest) => Response)>) => ({
  run: () => ({ status: 2 }),
  fetch: (url: string, request: HttpRequest) => {
    const answer = answers[url];
    if (typeof answer === 'function') return answer(request);
    return answer === undefined ? new Response('', { status: 404 }) : new Response(answer);
  },
});

describe('datasource', () => {
  it.each(['CIDATA', 'cidata'])('reads the volume %s', async (label) => {
    await using host = await withVolume(label, {
      'user-data': CONFIG,
      'meta-data': 'local-hostname: meta\n',
      'network-config': 'version: 2\n',
    });
    expect(await pullDatasource(host, ['cdrom'])).toBe('/oem/95_userdata');
    expect(await host.readText(RESULT)).toBe(CONFIG);
    expect(await host.readText('/oem/95_userdata/userdata')).toBe(CONFIG);
    expect(await host.readText('/oem/95_userdata/metadata.yaml')).toBe('#cloud-config\nhostname: meta\n');
    expect(await host.readText('/oem/95_userdata/network-config')).toBe('version: 2\n');
    expect((await host.stat(RESULT))?.mode).toBe(0o600);
    expect((await host.stat('/oem/95_userdata/userdata'))?.mode).toBe(0o600);
    const commands = host.commands();
    expect(commands.find((line) => line.startsWith('mount'))).toMatch(/^mount -o ro \/dev\/sr0 /);
    expect(commands.some((line) => line.startsWith('umount'))).toBe(true);
  });

  it('accepts "config" as user data, from an existing mount', async () => {
    const more = { '/proc/self/mounts': '/dev/sr0 /media iso9660 ro 0 0\n', '/media/config': CONFIG };
    await using host = await withVolume('cidata', {}, more);
    await pullDatasource(host, ['cdrom']);
    expect(await host.readText(RESULT)).toBe(CONFIG);
    expect(host.commands().some((line) => line.startsWith('mount'))).toBe(false);
  });

  it('reads a config drive', async () => {
    await using host = await withVolume('config-2', {
      'openstack/latest/user_data': CONFIG,
      'openstack/latest/meta_data.json': '{"hostname": "os"}',
    });
    await pullDatasource(host, ['gcp', 'config-drive']);
    expect(await host.readText(RESULT)).toBe(CONFIG);
    expect(await host.readText('/oem/95_userdata/metadata.yaml')).toContain('hostname: os');
  });

  it('reads a file or a URL', async () => {
    await using host = await testHost({ files: { '/x/data': CONFIG }, fetch: () => new Response(CONFIG) });
    expect(await pullDatasource(host, ['file:/x/data'], { path: '/a' })).toBe('/a');
    expect(await host.readText('/a/userdata.yaml')).toBe(CONFIG);
    expect(await pullDatasource(host, ['file:https://x/data'], { path: '/b' })).toBe('/b');
    expect(await pullDatasource(host, ['file:/nothing'], { path: '/c' })).toBeUndefined();
  });

  it.each([
    ['', CONFIG],
    ['base64', Buffer.from(CONFIG).toString('base64')],
    ['gzip+base64', gzipSync(CONFIG).toString('base64')],
    ['gz+b64', gzipSync(CONFIG).toString('base64')],
  ])('asks VMware, with encoding "%s"', async (encoding, value) => {
    const variables: Record<string, string> = {
      'info-get guestinfo.userdata': value,
      'info-get guestinfo.userdata.encoding': encoding,
      'info-get guestinfo.metadata': 'local-hostname: vm\n',
    };
    await using host = await testHost({ run: ({ args }) => variables[args[0] ?? ''] || { status: 1 } });
    await pullDatasource(host, ['vmware']);
    expect(await host.readText(RESULT)).toBe(CONFIG);
    expect(await host.readText('/oem/95_userdata/metadata.yaml')).toContain('hostname: vm');
  });

  it.each(['---', ''])('finds nothing from VMware with userdata "%s", or without its tool', async (value) => {
    await using host = await testHost({ run: () => value });
    expect(await pullDatasource(host, ['vmware'])).toBeUndefined();
    await using without = await testHost({ missing: ['vmware-rpctool'] });
    expect(await pullDatasource(without, ['vmware'])).toBeUndefined();
    expect(without.calls).toEqual([]);
  });

  const LOCAL = 'http://169.254.169.254';
  it.each([
    [
      'gcp',
      'http://metadata.google.internal/computeMetadata/v1/instance/attributes/user-data',
      'Metadata-Flavor',
    ],
    ['azure', `${LOCAL}/metadata/instance/compute/userData?api-version=2021-01-01&format=text`, 'Metadata'],
    ['openstack', `${LOCAL}/openstack/latest/user_data`, undefined],
    ['hetzner', `${LOCAL}/hetzner/v1/userdata`, undefined],
    ['packet', 'https://metadata.platformequinix.com/userdata', undefined],
    ['digitalocean', `${LOCAL}/metadata/v1/user-data`, undefined],
    ['metaldata', 'http://metaldata/get/user', undefined],
  ])('asks %s', async (name, url, header) => {
    let headers: HttpRequest['headers'];
    const answer = (request: HttpRequest) => {
      headers = request.headers;
      return new Response(CONFIG);
    };
    await using host = await testHost(web({ [url]: answer }));
    await pullDatasource(host, [name]);
    expect(await host.readText(RESULT)).toBe(CONFIG);
    expect(Object.keys(headers ?? {})).toEqual([
      'accept-encoding',
      ...(header === undefined ? [] : [header]),
    ]);
    expect(await host.stat('/oem/95_userdata/metadata.yaml')).toBeUndefined();
  });

  it('queries AWS with a token, and reads the host name', async () => {
    const asked: string[] = [];
    const guarded = (text: string) => (request: HttpRequest) => {
      asked.push(`${request.method ?? 'GET'} ${request.headers?.['X-aws-ec2-metadata-token']}`);
      return new Response(text);
    };
    await using host = await testHost(
      web({
        [`${LOCAL}/latest/api/token`]: (request) =>
          new Response((request.method as string) === 'PUT' ? 'T' : '', { status: 200 }),
        [`${LOCAL}/latest/user-data`]: guarded(CONFIG),
        [`${LOCAL}/latest/meta-data/local-hostname`]: guarded('ip-1.internal other'),
      }),
    );
    await pullDatasource(host, ['aws']);
    expect(asked).toEqual(['GET T', 'GET T']);
    expect(await host.readText('/oem/95_userdata/metadata.yaml')).toContain('hostname: ip-1.internal');
  });

  it('reads the JSON response of Vultr', async () => {
    const answer = JSON.stringify({ 'user-data': CONFIG, hostname: 'v' });
    await using host = await testHost(web({ [`${LOCAL}/v1.json`]: answer }));
    await pullDatasource(host, ['vultr']);
    expect(await host.readText(RESULT)).toBe(CONFIG);
    expect(await host.readText('/oem/95_userdata/metadata.yaml')).toContain('hostname: v');
  });

  it('queries Scaleway from a privileged port', async () => {
    await using host = await testHost({ run: () => CONFIG });
    await pullDatasource(host, ['scaleway']);
    expect(host.commands()[0]).toContain('--local-port 1-1023 http://169.254.42.42/user_data/cloud-init');
    expect(await host.readText(RESULT)).toBe(CONFIG);
    await using without = await testHost({ missing: ['curl'] });
    expect(await pullDatasource(without, ['scaleway'])).toBeUndefined();
    expect(without.logged.join()).toContain('curl');
  });

  it('uses the first provider with user data, ignoring empty responses and iPXE scripts', async () => {
    const answers = {
      'https://metadata.platformequinix.com/userdata': '#!ipxe\nboot\n',
      [`${LOCAL}/hetzner/v1/userdata`]: ' \n',
      [`${LOCAL}/openstack/latest/user_data`]: '#cloud-config\n# openstack\n',
      [`${LOCAL}/latest/user-data`]: '#cloud-config\n# aws\n',
    };
    await using host = await testHost(web(answers));
    await pullDatasource(host, ['cdrom', 'packet', 'hetzner', 'maas', 'openstack', 'aws', 'openstack']);
    expect(await host.readText(RESULT)).toContain('# openstack');
    expect(host.logged.join('\n')).toContain('the provider maas is not supported');
  });

  it('logs no warning without network or user data', async () => {
    await using host = await testHost({ run: () => ({ status: 2 }) });
    expect(await pullDatasource(host, ['cdrom', 'gcp', 'aws'])).toBeUndefined();
    expect(await host.list('/oem')).toEqual([]);
    expect(host.logged.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });

  it.each([
    ['maas', 'not supported'],
    ['nothing', 'unknown provider nothing'],
  ])('refuses %s alone', async (name, message) => {
    await using host = await testHost();
    await expect(pullDatasource(host, [name])).rejects.toThrow(message);
  });

  it.each(['/oem/95_userdata/userdata.yaml', '/oem/95_userdata/userdata', '/run/cos/95_userdata/userdata'])(
    'does not pull again when %s exists, unless asked to',
    async (present) => {
      const files = { [present]: 'old', '/x': CONFIG };
      await using host = await testHost({ files });
      expect(await pullDatasource(host, ['file:/x'])).toBeUndefined();
      await host.write('/proc/cmdline', 'quiet kairos.pull_datasources root=x');
      expect(await pullDatasource(host, ['file:/x'])).toBe('/oem/95_userdata');
      expect(await host.readText(RESULT)).toBe(CONFIG);
    },
  );

  it('writes to /run when /oem is not writable', async () => {
    await using host = await testHost({ files: { '/x': CONFIG } });
    const { makeDirectory } = host;
    const readOnly = async (path: string, mode?: number) => {
      if (path.startsWith('/oem')) throw Object.assign(new Error('read-only'), { code: 'EROFS' });
      await makeDirectory(path, mode);
    };
    expect(await pullDatasource({ ...host, makeDirectory: readOnly }, ['file:/x'])).toBe(
      '/run/cos/95_userdata',
    );
    expect(await host.readText('/run/cos/95_userdata/userdata.yaml')).toBe(CONFIG);
    const broken = async () => {
      throw Object.assign(new Error('broken'), { code: 'EIO' });
    };
    await expect(
      pullDatasource({ ...host, makeDirectory: broken }, ['file:/x'], { path: '/y' }),
    ).resolves.toBeUndefined();
    await host.remove('/run/cos');
    await expect(pullDatasource({ ...host, makeDirectory: broken }, ['file:/x'])).rejects.toThrow('broken');
  });

  it('turns a script into a command that runs until it has succeeded', async () => {
    await using host = await testHost({ files: { '/x': '#!/usr/bin/env python3\nprint()\n' } });
    await pullDatasource(host, ['file:/x']);
    const script = '/oem/95_userdata/userdata-script';
    expect((await host.stat(script))?.mode).toBe(0o700);
    const config = parse((await host.readText(RESULT)) ?? '');
    expect(config.stages.boot).toEqual([
      {
        name: 'script of user data',
        if: `[ ! -e '${script}.done' ]`,
        commands: [`/usr/bin/env python3 '${script}' && touch '${script}.done'`],
      },
    ]);
  });

  it('keeps several parts in order', async () => {
    const part = (text: string) => `--B\nContent-Type: text/cloud-config\n\n${text}\n`;
    const message = `${['a: 1', 'a: 2', 'a: 3'].map(part).join('')}--B--\n`;
    await using host = await testHost({ files: { '/x': message } });
    await pullDatasource(host, ['file:/x']);
    expect(await host.list('/oem/95_userdata')).toEqual([
      'userdata',
      'userdata.yaml',
      'userdata_01.yaml',
      'userdata_02.yaml',
    ]);
  });

  it('keeps user data that it cannot use, with a warning', async () => {
    await using host = await testHost({ files: { '/x': '#include\nhttps://x\n' } });
    expect(await pullDatasource(host, ['file:/x'])).toBe('/oem/95_userdata');
    expect(await host.list('/oem/95_userdata')).toEqual(['userdata']);
    expect(host.logged.join()).toContain('skipping user data of unknown type');
  });
});

describe('the plugin datasource', () => {
  const context = (host: Awaited<ReturnType<typeof testHost>>) => ({
    host,
    step: {},
    expand: async (text: string) => text,
  });

  it('takes path as target directory, but as source for the provider file', async () => {
    await using host = await withVolume('cidata', { 'user-data': CONFIG }, { '/x/data': CONFIG });
    await datasourcePlugin.run(context(host), { providers: ['cdrom'], path: '/a' });
    expect(await host.readText('/a/userdata.yaml')).toBe(CONFIG);
    await datasourcePlugin.run(context(host), { providers: ['file'], path: '/x/data' });
    expect(await host.readText(RESULT)).toBe(CONFIG);
  });

  it('does nothing without providers', async () => {
    await using host = await testHost();
    await datasourcePlugin.run(context(host), {});
    expect(host.calls).toEqual([]);
  });
});
