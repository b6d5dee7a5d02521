import { describe, expect, test } from 'vitest';
import { doctorCommand } from '../../../../src/agent/commands/doctor.ts';
import { CHECKS } from '../../../../src/agent/doctor/checks.ts';
import { grubEnvironment } from '../../../../src/common/contract/grub-environment.ts';
import { type TestHost, type TestHostOptions, testHost } from '../support/test-host.ts';

const STATE = '/run/initramfs/cos-state';
const DEVICES: Readonly<Record<string, string>> = {
  COS_OEM: '/dev/vda3',
  COS_RECOVERY: '/dev/vda4',
  COS_STATE: '/dev/vda5',
  COS_PERSISTENT: '/dev/vda6',
};
const BLOCK = grubEnvironment({}).toString();
const HEALTHY: Readonly<Record<string, string>> = {
  '/proc/cmdline': 'root=LABEL=COS_ACTIVE',
  '/proc/self/mounts': [
    `/dev/vda5 ${STATE} ext4 ro 0 0`,
    '/dev/vda3 /oem ext4 rw 0 0',
    '/dev/vda6 /usr/local ext4 rw 0 0\n',
  ].join('\n'),
  '/run/systemd/system/x': '',
  '/usr/local/x': '',
  '/oem/grubenv': BLOCK,
  [`${STATE}/boot_assessment`]: BLOCK,
  [`${STATE}/grub_boot_assessment`]: 'x',
  [`${STATE}/grub2/grub.cfg`]: 'menuentry "x" --id cos {',
  [`${STATE}/cOS/active.img`]: 'x',
  [`${STATE}/cOS/passive.img`]: 'x',
  '/run/cos/recovery/cOS/recovery.img': 'x',
  '/run/cos/view/etc/kairos-release': 'KAIROS_VERSION="v1.0.0"\n',
  '/oem/90_custom.yaml': '#cloud-config\nhostname: a\n',
};

/** A node of a test: a healthy one, with what differs. */
async function node({ files = {}, run, ...options }: TestHostOptions = {}): Promise<TestHost> {
  return await testHost({
    now: new Date('2030-01-01T00:00:00Z'),
    ...options,
    files: { ...HEALTHY, ...files },
    run: async (call) => {
      const { program, args } = call;
      const special = await run?.(call);
      if (special !== undefined) return special;
      if (program === 'timedatectl') return 'yes\n';
      if (program !== 'blkid') return '';
      const device = DEVICES[args.at(-1)?.replace('LABEL=', '') ?? ''];
      return device === undefined ? { status: 2 } : `${device}\n`;
    },
  });
}

interface Line {
  readonly check: string;
  readonly level: string;
  readonly text: string;
  readonly remedy?: string;
}

/** What `doctor --json` finds that is not well, and how it ends. */
async function examine(host: TestHost, ...args: string[]) {
  const printed: string[] = [];
  const command = doctorCommand({ host, out: (text) => void printed.push(text) });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  const error = await command.parseAsync(['--json', ...args], { from: 'user' }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const all = JSON.parse(printed.join('') || '[]') as Line[];
  const found = all.filter(({ level }) => level !== 'ok');
  return {
    all,
    error,
    found: found.map(({ check, level, text }) => `${level} ${check}: ${text}`),
    remedies: found.map(({ remedy }) => remedy),
  };
}

describe('doctor', () => {
  test('finds nothing on a healthy node, and changes nothing', async () => {
    await using host = await node();
    const { found, error, all } = await examine(host);
    expect([found, error]).toEqual([[], undefined]);
    // Each check has something to say, but the one that leaves the machine.
    expect([...new Set(all.map(({ check }) => check))]).toEqual(
      CHECKS.flatMap(({ id }) => (id === 'network' ? [] : [id])),
    );
    expect(host.commands().filter((line) => /^(e2fsck|mount -o (?!loop,ro|ro))/.test(line))).toEqual([]);
  });

  test('offers the checks that exist', async () => {
    await using host = await node();
    const [argument] = doctorCommand({ host, out: () => undefined }).registeredArguments;
    expect(argument?.argChoices).toEqual(CHECKS.map(({ id }) => id));
  });

  test.each<[string, TestHostOptions, string[]]>([
    [
      'partitions',
      { run: ({ args }) => (args.at(-1) === 'LABEL=COS_RECOVERY' ? { status: 2 } : undefined) },
      ['failure partitions: no partition has the label COS_RECOVERY'],
    ],
    [
      'partitions',
      { run: ({ args }) => (args.at(-1) === 'LABEL=COS_OEM' ? '/dev/vda3\n/dev/vdb3\n' : undefined) },
      ['warning partitions: /dev/vda3 and /dev/vdb3 have the label COS_OEM'],
    ],
    [
      'partitions',
      {
        files: {
          '/proc/self/mounts': `/dev/vda5 ${STATE} ext4 ro 0 0\n/dev/vda6 /usr/local ext4 ro,x 0 0\n`,
        },
      },
      ['failure partitions: /oem is not mounted', 'failure partitions: /usr/local is read-only'],
    ],
    [
      'space',
      { run: ({ program }) => (program === 'du' ? `${2 ** 40}\tx` : undefined) },
      [
        expect.stringMatching(
          /^warning space: COS_STATE: \d+ MiB are free, and the active system takes/,
        ) as unknown as string,
      ],
    ],
    [
      'slots',
      {
        run: ({ program, args }) =>
          program === 'mount' && args.includes(`${STATE}/cOS/passive.img`) ? { status: 32 } : undefined,
      },
      ['failure slots: passive: mount failed with status 32'],
    ],
    [
      'slots',
      { files: { [`${STATE}/cOS/transition.img`]: 'x' } },
      [`warning slots: ${STATE}/cOS/transition.img is left of an upgrade that did not end`],
    ],
    [
      'slots',
      {
        files: {
          '/run/cos/upgrade_failure': '',
          '/usr/local/.kairos-state': 'last-active-upgrade: 2026-01-01T00:00:00Z\n',
        },
      },
      ['failure slots: the upgrade to v1.0.0 did not boot, and the passive system was started'],
    ],
    [
      'boot-menu',
      { files: { [`${STATE}/grub2/grub.cfg`]: 'echo interrupted', '/oem/grubenv': 'x' } },
      [
        'failure boot-menu: grub2/grub.cfg on COS_STATE has no entry for the active system',
        'failure boot-menu: /oem/grubenv has 1 bytes, so that GRUB ignores it',
      ],
    ],
    [
      'configuration',
      {
        files: { '/oem/80.yaml': '#cloud-config\na: [\n', '/oem/91.yaml': '#cloud-config\nhostname: [a]\n' },
      },
      [
        expect.stringMatching(/^failure configuration: \/oem\/80\.yaml:\d/) as unknown as string,
        expect.stringMatching(/^failure configuration: \/oem\/91\.yaml:2:\d+: hostname/) as unknown as string,
      ],
    ],
    [
      'stages',
      {
        files: {
          '/run/cos/stages.d/boot.json':
            '{"stage":"boot","failures":[{"place":"/oem/a.yaml: step \\"b\\" of boot: commands","message":"1 of 1 commands failed"}]}',
        },
      },
      ['failure stages: /oem/a.yaml: step "b" of boot: commands: 1 of 1 commands failed'],
    ],
    [
      'services',
      {
        run: ({ program }) =>
          program === 'systemctl'
            ? 'kairos-configuration.service loaded failed\nweb.service loaded failed failed Web\n'
            : undefined,
      },
      ['failure services: web.service has failed'],
    ],
    [
      'trust',
      { files: { '/etc/kairos/trust/a.yaml': 'nonsense: [' } },
      [expect.stringMatching(/^failure trust: /) as unknown as string],
    ],
    [
      'trust',
      { files: { '/oem/91.yaml': '#cloud-config\ncosign: true\ncosign-key: /nope\n' } },
      ['failure trust: cosign-key: /nope does not exist'],
    ],
    [
      'clock',
      { now: new Date('1970-01-02T00:00:00Z'), files: { '/etc/kairos-release': 'x' } },
      ['failure clock: it is 1970-01-02 00:00 UTC, which is before this image was made'],
    ],
    [
      'clock',
      { run: ({ program }) => (program === 'timedatectl' ? 'no\n' : undefined) },
      ['warning clock: it is 2030-01-01 00:00 UTC, but no time server has set it'],
    ],
  ])('%s: %j', async (check, options, expected) => {
    await using host = await node(options);
    const { found, remedies, error } = await examine(host, check);
    expect(found).toEqual(expected);
    for (const remedy of remedies) expect(remedy).toMatch(/\.$/);
    if (found.some((line) => line.startsWith('failure')))
      expect(error).toMatchObject({ code: 'NODE_UNHEALTHY', kind: 'verification' });
    else expect(error).toBeUndefined();
  });

  test('stages name the log to read', async () => {
    const failures = [{ place: '/oem/a.yaml', message: 'is broken' }];
    const record = (stage: string) => JSON.stringify({ stage, failures });
    for (const [stage, log] of [
      ['initramfs', '/run/immucore/stage-initramfs.log'],
      ['boot', 'journalctl -b -u cos-setup-boot'],
    ] as const) {
      await using host = await node({ files: { [`/run/cos/stages.d/${stage}.json`]: record(stage) } });
      expect((await examine(host, 'stages')).remedies).toEqual([expect.stringContaining(log)]);
    }
  });

  test('the network, only when it is asked for', async () => {
    const addresses = JSON.stringify([
      { ifname: 'eth0', flags: [], addr_info: [{ local: '192.0.2.7', scope: 'global', family: 'inet' }] },
    ]);
    const run: TestHostOptions['run'] = ({ program, args }) =>
      program === 'ip' ? (args.includes('route') ? 'default via 192.0.2.1\n' : addresses) : undefined;
    const source = {
      '/oem/91.yaml': '#cloud-config\nupgrade: {system: {source: "oci:registry.example/os:v1"}}\n',
    };
    await using host = await node({ run, files: source });
    const { found, all } = await examine(host, 'network');
    expect(all.map(({ text }) => text)).toContain('addresses: 192.0.2.7');
    expect(found).toEqual([
      expect.stringMatching(/^failure network: registry\.example\/os:v1 cannot be fetched/),
    ]);
    await using offline = await node({
      run: ({ program }) => (program === 'ip' ? '[]' : undefined),
    });
    expect((await examine(offline, 'network')).found[0]).toBe('failure network: no interface has an address');
  });

  test('a live system has no partitions to check', async () => {
    await using host = await node({ files: { '/proc/cmdline': 'root=live:LABEL=COS_LIVE' } });
    expect((await examine(host)).all.map(({ check }) => check)).not.toContain('partitions');
  });

  test('a check that cannot run is a failure, and the others run', async () => {
    await using host = await node({
      files: { '/proc/self/mounts': '' },
      run: ({ program }) => (program === 'mount' ? { status: 32 } : undefined),
    });
    const { found, all } = await examine(host);
    expect(found.join('\n')).toContain('failure boot-menu: mount failed with status 32');
    expect(all.map(({ check }) => check)).toContain('clock');
  });

  test('prints a line for each finding, with what to do below', async () => {
    await using host = await node({ run: ({ program }) => (program === 'timedatectl' ? 'no\n' : undefined) });
    const printed: string[] = [];
    await doctorCommand({ host, out: (text) => void printed.push(text) })
      .exitOverride()
      .parseAsync(['clock'], { from: 'user' });
    expect(printed.join('')).toMatch(/^warning {2}clock {10}it is .*\n {24}to do: Check the network/);
  });
});
