import { describe, expect, it, vi } from 'vitest';
import type { AgentCommand } from '../../../../src/agent/commands/agent-command.ts';
import { installBundleCommand } from '../../../../src/agent/commands/install-bundle.ts';
import { confextCommand, sysextCommand } from '../../../../src/agent/commands/sysext.ts';
import { installBundle } from '../../../../src/agent/extensions/install-bundle.ts';
import { linkExtensions } from '../../../../src/agent/extensions/link-extensions.ts';
import { unpackImagesPlugin } from '../../../../src/agent/stages/plugins/unpack-images.ts';
import type { Host } from '../../../../src/common/host/host.ts';
import { formatSource, type Source } from '../../../../src/common/oci/layers/source.ts';
import type { UnpackImageOptions } from '../../../../src/common/oci/layers/unpack-image.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

/** The files of each image; every unpacking is recorded. */
const images: Record<string, Record<string, string>> = {};
const unpacked: string[] = [];

vi.mock('../../../../src/common/oci/layers/unpack-image.ts', () => ({
  unpackImage: async (host: Host, from: Source, { target, platform }: UnpackImageOptions) => {
    const source = formatSource(from).replace(/^oci:/, '');
    unpacked.push([source, target, ...(platform ? [platform] : [])].join(' '));
    for (const [name, text] of Object.entries(images[source] ?? {}))
      await host.write(`${target}/${name}`, text);
  },
}));

const STORE = '/var/lib/kairos/extensions';
const ACTIVE = { '/proc/cmdline': 'root=LABEL=COS_ACTIVE' };

async function call(command: AgentCommand, host: TestHost, ...args: string[]): Promise<string> {
  let text = '';
  await command({
    host,
    out: (part) => {
      text += part;
    },
  }).parseAsync(args, { from: 'user' });
  return text;
}

describe('sysext', () => {
  it('installs, enables, lists, disables and removes', async () => {
    await using host = await testHost({ files: { ...ACTIVE, '/x/tools.raw': 'image' } });
    expect(await call(sysextCommand, host, 'install', 'file:/x/tools.raw')).toBe('tools.raw\n');
    expect(await host.readText(`${STORE}/tools.raw`)).toBe('image');
    expect(await call(sysextCommand, host, 'list')).toBe('tools.raw\t-\n');

    await call(sysextCommand, host, 'enable', 'tools', '--active', '--common');
    expect(await host.readLink(`${STORE}/active/tools.raw`)).toBe('../tools.raw');
    expect(await call(sysextCommand, host, 'list', '--common')).toBe('tools.raw\tactive,common\n');
    expect(await call(sysextCommand, host, 'list', '--recovery')).toBe('');
    expect(JSON.parse(await call(sysextCommand, host, 'list', '--json'))).toEqual([
      { name: 'tools.raw', scopes: ['active', 'common'] },
    ]);
    expect(host.calls).toEqual([]);

    await call(sysextCommand, host, 'disable', 'tools.raw', '--common');
    expect(await host.list(`${STORE}/common`)).toEqual([]);
    await call(sysextCommand, host, 'remove', 'tools', '--active');
    expect(await host.list(`${STORE}/active`)).toEqual([]);
    await call(sysextCommand, host, 'enable', 'tools', '--passive');
    await call(sysextCommand, host, 'remove', 'tools');
    expect(await call(sysextCommand, host, 'list')).toBe('');
    expect(await host.list(`${STORE}/passive`)).toEqual([]);
  });

  it('applies to the running system with --now, if enabled for it', async () => {
    await using host = await testHost({ files: { ...ACTIVE, '/x/a.raw': '', '/x/b.raw': '' } });
    await call(sysextCommand, host, 'install', 'file:/x/a.raw', '--active', '--now');
    expect(await host.readLink('/run/extensions/a.raw')).toBe(`${STORE}/active/a.raw`);
    expect(host.commands()).toEqual(['systemd-sysext refresh', 'systemd-sysext status --json=short']);
    await call(sysextCommand, host, 'install', 'file:/x/b.raw', '--passive', '--now');
    expect(await host.list('/run/extensions')).toEqual(['a.raw']);
    expect(host.logged.join()).toContain('b.raw is enabled only for passive, not for the running system');
    await call(sysextCommand, host, 'remove', 'a', '--now');
    expect(await host.list('/run/extensions')).toEqual([]);
    expect(host.commands().filter((line) => line.endsWith('refresh'))).toHaveLength(3);
  });

  it('reports an extension that systemd did not merge, whatever its status', async () => {
    const merged = (...extensions: string[]) => JSON.stringify([{ hierarchy: '/usr', extensions }]);
    for (const [answer, isFine] of [
      [merged('a.sysext'), true],
      [merged('other', 'a'), true],
      [merged('other'), false],
      ['[{"hierarchy":"/usr","extensions":"none"}]', false],
    ] as const) {
      const run = ({ args }: { args: readonly string[] }) =>
        args[0] === 'status' ? answer : { stderr: 'Failed to decrypt image' };
      await using host = await testHost({ files: { ...ACTIVE, '/x/a.sysext.raw': '' }, run });
      const install = call(sysextCommand, host, 'install', 'file:/x/a.sysext.raw', '--common', '--now');
      if (isFine) await install;
      else await expect(install).rejects.toThrow('a.sysext.raw was not merged');
      await linkExtensions(host, 'active_boot');
      expect(host.logged.join().includes('not merged: Failed to decrypt image')).toBe(!isFine);
    }
  });

  it('are merged into existing directories, and never into /usr/local', async () => {
    const files = { ...ACTIVE, '/x/a.raw': '', '/usr/bin/x': '', '/usr/local/lib/x': '', '/usr/local/y': '' };
    await using host = await testHost({ files });
    await call(sysextCommand, host, 'install', 'file:/x/a.raw', '--common', '--now');
    const environment = { SYSTEMD_SYSEXT_HIERARCHIES: '/usr/bin:/usr/local/lib' };
    expect(host.calls.map(({ options }) => options.env)).toEqual([environment, environment]);
  });

  it('fetches images over HTTP and from OCI images', async () => {
    images['quay.io/x/raws:1'] = { 'one.raw': '1', 'two.raw': '2', README: 'r' };
    images['quay.io/x/tree:1'] = {
      'usr/lib/extension-release.d/extension-release.tree': 'ID=_any',
      'usr/bin/t': 't',
    };
    images['quay.io/x/none:1'] = { 'usr/bin/t': 't' };
    await using host = await testHost({ fetch: () => new Response('image') });
    expect(await call(sysextCommand, host, 'install', 'https://x/y/net.raw?a=b')).toBe('net.raw\n');
    expect(await call(sysextCommand, host, 'install', 'oci:quay.io/x/raws:1')).toBe('one.raw\ntwo.raw\n');
    expect(await call(sysextCommand, host, 'install', 'oci:quay.io/x/tree:1', '--common')).toBe('tree\n');
    expect(await host.readText(`${STORE}/tree/usr/bin/t`)).toBe('t');
    await expect(call(sysextCommand, host, 'install', 'oci:quay.io/x/none:1')).rejects.toThrow(
      'does not contain a sysext',
    );
    expect(await host.list(STORE)).toEqual(['common', 'net.raw', 'one.raw', 'tree', 'two.raw']);
    const needsEtc = call(confextCommand, host, 'install', 'oci:quay.io/x/tree:1');
    await expect(needsEtc).rejects.toThrow('does not contain a confext');
  });

  it.each([
    [['enable', 'nothing', '--active'], 'the sysext nothing does not exist'],
    [['enable', 'a'], 'the system is not specified'],
    [['disable', 'a'], 'the system is not specified'],
    [['enable', 'b', '--active'], 'b is ambiguous: b.x.raw or b.y.raw'],
    [['install', 'file:/x/a.img'], 'does not name an extension image'],
    [['install', 'ftp://x/a.raw'], 'is not a supported URL or path'],
    [['install', 'file:/x/nothing.raw'], '/x/nothing.raw is not a file'],
  ])('refuses %j', async (args, message) => {
    const files = { [`${STORE}/a.raw`]: '', [`${STORE}/b.x.raw`]: '', [`${STORE}/b.y.raw`]: '' };
    await using host = await testHost({ files });
    await expect(call(sysextCommand, host, ...args)).rejects.toThrow(message);
  });

  it('keeps configuration extensions apart', async () => {
    await using host = await testHost({ files: { ...ACTIVE, '/x/c.raw': '' } });
    await call(confextCommand, host, 'install', 'file:/x/c.raw', '--common', '--now');
    expect(await host.readLink('/run/confexts/c.raw')).toBe('/var/lib/kairos/confexts/common/c.raw');
    expect(host.commands()).toContain('systemd-confext refresh');
  });
});

describe('extensions at boot', () => {
  async function stored(): Promise<TestHost> {
    const files = { [`${STORE}/a.raw`]: '', [`${STORE}/b.raw`]: '', [`${STORE}/recovery/c.raw`]: '' };
    const host = await testHost({ files });
    await host.link('../a.raw', `${STORE}/active/a.raw`);
    await host.link('../a.raw', `${STORE}/common/a.raw`);
    await host.link('../b.raw', `${STORE}/common/b.raw`);
    await host.link('../gone.raw', `${STORE}/common/gone.raw`);
    return host;
  }

  it('are those of the boot state and the common ones', async () => {
    await using host = await stored();
    expect(await linkExtensions(host, 'active_boot')).toEqual([
      '/run/extensions/a.raw',
      '/run/extensions/b.raw',
    ]);
    expect(await host.readLink('/run/extensions/a.raw')).toBe(`${STORE}/active/a.raw`);
    expect(await host.readLink('/run/extensions/b.raw')).toBe(`${STORE}/common/b.raw`);
    expect(host.commands()[0]).toBe('systemd-sysext refresh');
    expect(host.logged.join()).toContain('gone.raw is a dangling link');
  });

  it.each([
    ['recovery_boot', ['c.raw', 'a.raw', 'b.raw']],
    ['autoreset_boot', ['c.raw', 'a.raw', 'b.raw']],
    ['passive_boot', ['a.raw', 'b.raw']],
    ['livecd_boot', ['a.raw', 'b.raw']],
  ] as const)('in %s are %j', async (state, names) => {
    await using host = await stored();
    expect(await linkExtensions(host, state)).toEqual(names.map((name) => `/run/extensions/${name}`));
  });

  it('need no program when there are none', async () => {
    await using host = await testHost();
    expect(await linkExtensions(host, 'active_boot')).toEqual([]);
    expect(host.calls).toEqual([]);
  });

  it('of one kind work when the other fails', async () => {
    const files = { [`${STORE}/common/a.raw`]: '', '/var/lib/kairos/confexts/common/b.raw': '' };
    await using host = await testHost({
      files,
      run: ({ program }) => (program === 'systemd-sysext' ? { status: 1 } : undefined),
    });
    expect(await linkExtensions(host, 'active_boot')).toEqual(['/run/confexts/b.raw']);
    expect(host.logged.join()).toContain('error sysext: systemd-sysext failed');
  });
});

describe('bundles', () => {
  it.each(['container', 'docker', 'CONTAINER'])('of kind %s are unpacked', async (kind) => {
    images['quay.io/x/b:1'] = { 'usr/bin/b': 'b' };
    await using host = await testHost();
    await call(installBundleCommand, host, `${kind}://quay.io/x/b:1`, '--root-path', '/target');
    expect(await host.readText('/target/usr/bin/b')).toBe('b');
  });

  it('of kind run are run, and leave nothing behind', async () => {
    images['quay.io/x/run:1'] = { 'run.sh': 'echo' };
    await using host = await testHost({ run: () => 'done\n' });
    await installBundle(host, { targets: ['run://quay.io/x/run:1'] });
    const [first] = host.calls;
    const directory = first?.options.cwd ?? '';
    expect([first?.program, first?.args]).toEqual(['sh', ['run.sh']]);
    expect(first?.options.env).toEqual({ CONTAINERDIR: directory, BUNDLE_TARGET: 'quay.io/x/run:1' });
    expect(await host.list('/tmp')).toEqual([]);
    expect(host.logged).toContain('info done');
  });

  it('can be tar files of the node', async () => {
    await using host = await testHost({ files: { '/x/b.tar': '', '/y/c.tar': '' } });
    unpacked.length = 0;
    await installBundle(host, {
      targets: ['container:///x/b.tar', 'docker://y/c.tar'],
      local_file: true,
      rootfs_path: '/r',
    });
    expect(unpacked).toEqual(['ocifile:/x/b.tar /r', 'ocifile:/y/c.tar /r']);
  });

  it.each([
    [{ targets: ['package://utils/k9s'] }, 'is a luet package'],
    [{ targets: ['quay.io/x'] }, 'is not a bundle'],
    [{ targets: ['ftp://x'] }, 'is not a bundle'],
    [{ targets: 'x' }, 'is not valid'],
    [{ targets: ['run://quay.io/x/b:1'] }, 'has no run.sh'],
  ])('that are %j are refused', async (bundle, message) => {
    await using host = await testHost();
    await expect(installBundle(host, bundle)).rejects.toThrow(message);
    expect(await host.list('/tmp')).toEqual([]);
  });

  it('whose run.sh fails fail', async () => {
    images['quay.io/x/run:1'] = { 'run.sh': 'exit 1' };
    await using host = await testHost({ run: () => ({ status: 1 }) });
    await expect(installBundle(host, { targets: ['run://quay.io/x/run:1'] })).rejects.toThrow('sh failed');
    expect(await host.list('/tmp')).toEqual([]);
  });
});

describe('unpack_images', () => {
  it('unpacks images in order', async () => {
    await using host = await testHost();
    unpacked.length = 0;
    const expand = async (text: string) => text;
    await unpackImagesPlugin.run({ host, step: {}, expand }, [
      { source: 'a', target: '/x' },
      { source: 'b', target: '/y', platform: 'linux/arm64' },
    ]);
    expect(unpacked).toEqual(['docker.io/library/a:latest /x', 'docker.io/library/b:latest /y linux/arm64']);
  });
});
