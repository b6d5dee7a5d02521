import { describe, expect, it } from 'vitest';
import type { AgentCommand } from '../../../../src/agent/commands/agent-command.ts';
import { configCommand } from '../../../../src/agent/commands/config.ts';
import { runStageCommand } from '../../../../src/agent/commands/run-stage.ts';
import { stateCommand } from '../../../../src/agent/commands/state.ts';
import { lookUp } from '../../../../src/agent/config/lookup.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

async function run(command: AgentCommand, host: TestHost, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  await command({ host, out: (text) => void printed.push(text) })
    .exitOverride()
    .parseAsync(args, { from: 'user' });
  return printed.join('');
}

describe('lookUp', () => {
  const data = { a: { b: [{ c: 1 }, 'x'] }, 'k3s-agent': { on: false }, 'x.y': 2 };
  it.each([
    ['a.b[0].c', 1],
    ['.a.b.1', 'x'],
    ['k3s-agent.on', false],
    ['"x.y"', 2],
    ['.["x.y"]', 2],
    ['a.no.more', undefined],
    ['a.b.length', undefined],
    ['constructor', undefined],
    ['.', data],
  ])('%s', (key, value) => {
    expect(lookUp(data, key)).toEqual(value);
  });

  it.each(['a..b', 'a[', 'a[x]', 'a.'])('refuses "%s"', (key) => {
    expect(() => lookUp(data, key)).toThrow('is malformed at');
  });
});

describe('config', () => {
  const files = {
    '/oem/90.yaml': '#kairos-config\ninstall: {auto: true, device: /dev/vda}\nlist: [1, {a: b}]\n',
  };

  it('prints the whole configuration and its sources', async () => {
    await using host = await testHost({ files });
    expect(await run(configCommand, host)).toBe(
      '#kairos-config\n# from /oem/90.yaml\ninstall:\n  auto: true\n  device: /dev/vda\nlist:\n  - 1\n  - a: b\n',
    );
    expect(JSON.parse(await run(configCommand, host, '--json'))).toHaveProperty('install.auto', true);
  });

  it.each([
    [['install.device'], '/dev/vda\n'],
    [['install.auto'], 'true\n'],
    [['list[1]'], 'a: b\n'],
    [['list[1]', '--json'], '{\n  "a": "b"\n}\n'],
    [['nothing'], '\n'],
    [['nothing', '--json'], 'null\n'],
  ])('gets %s', async (args, printed) => {
    await using host = await testHost({ files });
    expect(await run(configCommand, host, 'get', ...args)).toBe(printed);
  });
});

describe('state', () => {
  const device = (path: string, label: string | null, more: object = {}) => ({
    ...{ name: path, path: `/dev/${path}`, label, partlabel: null, fstype: 'ext4', mountpoints: [null] },
    ...{ size: 1024, uuid: `uuid-${path}`, ro: false, type: 'part' },
    ...more,
  });
  const blockdevices = [
    device('vda', null, {
      fstype: null,
      children: [
        device('vda2', 'COS_OEM', { partlabel: 'oem', mountpoints: ['/oem'] }),
        device('vda4', 'COS_STATE', { mountpoints: ['/run/initramfs/cos-state'] }),
        device('vda5', null, {
          fstype: 'crypto_LUKS',
          partlabel: 'persistent',
          children: [device('dm-0', 'COS_PERSISTENT', { mountpoints: ['/root', '/usr/local', null] })],
        }),
      ],
    }),
  ];
  const addresses = [
    {
      addr_info: [
        { local: '10.0.2.15', scope: 'global' },
        { local: 'fe80::1', scope: 'link' },
      ],
    },
  ];
  const machine = (missing = false) =>
    testHost({
      files: {
        '/proc/cmdline': 'COS_PASSIVE\n',
        '/proc/self/mountinfo':
          '40 1 7:0 / /run/initramfs/cos-state ro,relatime shared:1 - ext4 /dev/vda4 rw\n' +
          '41 1 7:1 /.state/root.bind /root rw - ext4 /dev/dm-0 rw\n41 1 7:1 / /usr/local rw - ext4 /dev/dm-0 rw\n',
        '/etc/kairos-release': 'KAIROS_FLAVOR="debian"\nKAIROS_VERSION="v1.0.0"\n',
        '/etc/machine-id': `${'0123456789abcdef'.repeat(2)}\n`,
        '/run/systemd/system/x': '',
        '/run/cos/in_ram_mode': '1',
        '/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c': '\x06\0\0\0\x01',
      },
      run: ({ program }) => {
        if (missing) return { status: 1 };
        if (program === 'lsblk') return JSON.stringify({ blockdevices });
        return program === 'ip' ? JSON.stringify(addresses) : undefined;
      },
    });

  it('prints the state of the node', async () => {
    await using host = await machine();
    const state: unknown = JSON.parse(await run(stateCommand, host, '--json'));
    expect(state).toMatchObject({
      uuid: `${'0123456789abcdef'.repeat(2)}-localhost`,
      boot: 'passive_boot',
      in_ram: true,
      oem: {
        found: true,
        mounted: true,
        name: '/dev/vda2',
        label: 'oem',
        filesystemlabel: 'COS_OEM',
        mount_point: '/oem',
        size_bytes: 1024,
        type: 'ext4',
        read_only: false,
        uuid: 'uuid-vda2',
      },
      state: { read_only: true },
      persistent: { name: '/dev/dm-0', mount_point: '/usr/local' },
      recovery: { found: false, mounted: false, name: '' },
      encrypted_partitions: {
        by_label: { persistent: '/dev/vda5' },
        by_device: { '/dev/vda5': 'persistent' },
      },
      addresses: ['10.0.2.15'],
      kairos: { flavor: 'debian', version: 'v1.0.0', init: 'systemd', secureboot: true },
    });
  });

  it.each([
    ['boot', 'passive_boot\n'],
    ['persistent.mounted', 'true\n'],
    ['kairos.flavor', 'debian\n'],
    ['addresses', '- 10.0.2.15\n'],
  ])('gets %s', async (key, printed) => {
    await using host = await machine();
    expect(await run(stateCommand, host, 'get', key)).toBe(printed);
  });

  it('prints the remaining values when programs fail', async () => {
    await using host = await machine(true);
    expect(await run(stateCommand, host, 'get', 'boot')).toBe('passive_boot\n');
    expect(host.logged.join('\n')).toContain('warn partitions cannot be read');
  });
});

describe('run-stage', () => {
  const files = {
    '/oem/a.yaml':
      '#cloud-config\nstages:\n  demo:\n    - {name: one, after: [{name: two}], files: [{path: /x/one, content: x}]}\n' +
      '    - {name: two, if: "true", directories: [{path: /x/dir}]}\n  demo.after: [{after: [{name: no}], hostname: x}]\n',
  };

  it('prints the plan without running it', async () => {
    await using host = await testHost({ files });
    expect(await run(runStageCommand, host, '-a', 'demo')).toBe(
      [
        'demo.before',
        'demo',
        '  1. a.yaml.two: if, directories (/oem/a.yaml)',
        '  2. a.yaml.one: files (/oem/a.yaml)',
        'demo.after',
        '  1. a.yaml.0: hostname (/oem/a.yaml)',
        'problem: /oem/a.yaml: step "a.yaml.0" comes after "no", which is not a step of demo.after in /oem',
        '',
      ].join('\n'),
    );
    expect(await host.stat('/x')).toBeUndefined();
    const plan: unknown = JSON.parse(await run(runStageCommand, host, 'demo', '--analyze', '--json'));
    expect(plan).toHaveProperty('moments[1].steps[0].does', ['if', 'directories']);
  });

  it('shows the built-in steps of a stage', async () => {
    await using host = await testHost();
    expect(await run(runStageCommand, host, '-a', 'network')).toContain('kubernetes');
  });

  const broken = { '/more/a.yaml': '#cloud-config\na: [\n' };

  it('succeeds when steps fail, and reports them as JSON', async () => {
    await using host = await testHost({ files: broken });
    const printed = await run(runStageCommand, host, 'demo', '--cloud-init-paths', '/no,/more', '--json');
    expect(JSON.parse(printed)).toMatchObject({
      stage: 'demo',
      steps: [],
      problems: [expect.stringContaining('/more/a.yaml:')],
    });
  });

  it('fails with --strict', async () => {
    await using host = await testHost({ files: broken });
    await expect(
      run(runStageCommand, host, 'demo', '--strict', '--cloud-init-paths=/more'),
    ).rejects.toMatchObject({ kind: 'step', details: [expect.stringContaining('/more/a.yaml:')] });
  });

  it('reads only the given paths with --override-cloud-init-paths', async () => {
    await using host = await testHost({ files: { ...files, ...broken } });
    const printed = await run(
      runStageCommand,
      host,
      '-a',
      'demo',
      '--cloud-init-paths=/no',
      '--override-cloud-init-paths',
    );
    expect(printed).toBe('demo.before\ndemo\ndemo.after\n');
  });

  it('takes the paths from --override-cloud-init-paths, also relative ones', async () => {
    const here = process.cwd();
    await using host = await testHost({
      files: {
        ...files,
        ...broken,
        '/a/x.yaml': 'stages: {demo: [{name: a, commands: [x]}]}\n',
        [`${here}/own.d/x.yaml`]: 'stages: {demo: [{name: own, commands: [x]}]}\n',
        [`${here}/more.yaml`]: 'stages: {demo: [{name: more, commands: [x]}]}\n',
      },
    });
    const printed = await run(
      runStageCommand,
      host,
      '-a',
      '--override-cloud-init-paths=/a,own.d',
      '--override-cloud-init-paths',
      '/no',
      '--cloud-init-paths',
      './more.yaml',
      'demo',
    );
    expect(printed.match(/\w+\.yaml\.\w+/g)).toEqual(['x.yaml.a', 'x.yaml.own', 'more.yaml.more']);
  });

  it('runs everything with --strict, and then fails', async () => {
    await using host = await testHost({
      files: {
        '/oem/a.yaml': 'stages: {demo: [{commands: ["false"]}, {files: [{path: /run/done, content: x}]}]}\n',
        '/oem/b.yaml': 'a: [',
      },
      run: () => ({ status: 1 }),
    });
    await expect(run(runStageCommand, host, 'demo', '--strict')).rejects.toMatchObject({
      code: 'STAGE_FAILED',
    });
    expect(await host.readText('/run/done')).toBe('x');
  });
});
