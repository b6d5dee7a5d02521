import { describe, expect, test } from 'vitest';
import { bootAssessmentStep } from '../../../../../src/agent/stages/builtin/boot-assessment.ts';
import { hostNameStep } from '../../../../../src/agent/stages/builtin/host-name.ts';
import { liveAccountStep } from '../../../../../src/agent/stages/builtin/live-account.ts';
import { upgradeFailureStep } from '../../../../../src/agent/stages/builtin/upgrade-failure.ts';
import {
  grubEnvironment,
  parseGrubEnvironment,
} from '../../../../../src/common/contract/grub-environment.ts';
import { type TestHost, testHost } from '../../support/test-host.ts';

const STATE = '/run/initramfs/cos-state';
const ARMED = { enable_boot_assessment: 'yes', boot_assessment_tentative: 'yes' };
/** The id that {@link superblock} gives a system. */
const id = (digit: number) => '00000000-0000-0000-0000-000000000000'.replaceAll('0', String(digit));

/** The begin of an ext filesystem with an id. */
function superblock(digit: number): Buffer {
  const image = Buffer.alloc(4096);
  image.writeUInt16LE(0xef53, 1024 + 0x38);
  image.write(id(digit).replaceAll('-', ''), 1024 + 0x68, 'hex');
  return image;
}

/** A node whose active slot holds system 2. */
async function stateNode(label: string, variables: Record<string, string>) {
  const host = await testHost({
    files: {
      '/proc/cmdline': `root=LABEL=${label}`,
      '/proc/self/mounts': `/dev/vda5 ${STATE} ext4 rw 0 0\n`,
    },
    run: ({ program, args }) =>
      program === 'blkid' && args[1] === 'COS_STATE'
        ? '/dev/vda5\n'
        : { status: program === 'blkid' ? 2 : 0 },
  });
  await host.write(`${STATE}/boot_assessment`, grubEnvironment(variables));
  await host.write(`${STATE}/cOS/active.img`, superblock(2));
  return host;
}

async function marksOf(host: TestHost): Promise<Record<string, string>> {
  const block = (await host.readBytes(`${STATE}/boot_assessment`)) ?? Buffer.alloc(0);
  return Object.fromEntries(parseGrubEnvironment(block));
}

describe('boot assessment', () => {
  test('is cleared when the active system boots; variables of the administrator stay', async () => {
    await using host = await stateNode('COS_ACTIVE', {
      boot_assessment_tentative: 'yes',
      enable_boot_assessment_always: 'yes',
      boot_assessment_slot: id(2),
    });
    await bootAssessmentStep.run(host);
    expect(await marksOf(host)).toEqual({
      enable_boot_assessment_always: 'yes',
      boot_assessment_slot: id(2),
    });
  });

  test('does not touch the partition when there is nothing to change', async () => {
    const known = { enable_boot_assessment_always: 'yes', boot_assessment_slot: id(2) };
    await using host = await stateNode('COS_ACTIVE', known);
    await bootAssessmentStep.run(host);
    expect(host.commands()).toEqual(['blkid -L COS_STATE']);
  });

  test.each([
    ['an upgrade of this agent', { enable_boot_assessment: 'yes', boot_assessment_slot: id(2) }],
    ["an upgrade of upstream's agent", { boot_assessment_slot: id(1) }],
    ['an installation by another agent', {}],
  ])('replaces the boot loader in the first boot after %s', async (_, variables) => {
    await using host = await stateNode('COS_ACTIVE', variables);
    // The root of the test has no boot loader.
    await expect(bootAssessmentStep.run(host)).rejects.toThrow(/\/dev\/vda5 is not a partition/);
    expect(await marksOf(host)).toEqual({ boot_assessment_slot: id(2) });
  });

  test.each(['COS_PASSIVE', 'COS_SYSTEM'])('is not cleared by %s', async (label) => {
    await using host = await stateNode(label, { ...ARMED, boot_assessment_slot: id(1) });
    await bootAssessmentStep.run(host);
    expect(await marksOf(host)).toEqual({ ...ARMED, boot_assessment_slot: id(1) });
    expect(host.commands()).toEqual(['blkid -L COS_STATE']);
  });

  test.each(['COS_PASSIVE', 'COS_SYSTEM'])('%s notes the system that failed', async (label) => {
    await using host = await stateNode(label, { ...ARMED, boot_assessment_slot: '' });
    await bootAssessmentStep.run(host);
    expect(await marksOf(host)).toEqual({ ...ARMED, boot_assessment_slot: id(2) });
  });

  test('leaves a live medium and a reset alone', async () => {
    for (const line of ['COS_SYSTEM kairos.reset', 'live:CDLABEL=COS_LIVE']) {
      await using host = await stateNode(line, ARMED);
      await bootAssessmentStep.run(host);
      expect(host.commands()).toEqual([]);
    }
  });
});

describe('upgrade failure', () => {
  test('is reported at login and in the log', async () => {
    await using host = await testHost({ files: { '/run/cos/upgrade_failure': '1', '/etc/issue': 'Debian' } });
    await upgradeFailureStep.run(host);
    for (const file of ['/etc/issue.d/00-upgrade-failure.issue', '/etc/motd.d/00-upgrade-failure']) {
      expect(await host.readText(file)).toContain('THE LAST UPGRADE FAILED');
    }
    expect(host.logged.join('\n')).toContain('error the last upgrade failed');
  });

  test('is not reported otherwise', async () => {
    await using host = await testHost({ files: { '/run/cos/active_mode': '1' } });
    await upgradeFailureStep.run(host);
    expect(await host.list('/etc')).toEqual([]);
  });
});

describe('host name', () => {
  const files = {
    '/etc/machine-id': 'abcd0123456789abcdef0123456789ab\n',
    '/etc/hostname': '',
    '/etc/hosts': 'x',
  };

  test('comes from the machine-id and stays on the persistent volume', async () => {
    await using host = await testHost({
      files: { ...files, '/proc/self/mounts': '/dev/vda6 /usr/local ext4 rw 0 0\n' },
    });
    await hostNameStep.run(host);
    expect(await host.readText('/usr/local/etc/hostname')).toBe('kairos-abcd\n');
    expect(await host.readLink('/etc/hostname')).toBe('/usr/local/etc/hostname');
    expect(await host.readText('/usr/local/etc/hosts')).toContain('127.0.1.1 kairos-abcd');
    await host.write('/usr/local/etc/hostname', 'chosen\n');
    await hostNameStep.run(host);
    expect(await host.readText('/usr/local/etc/hostname')).toBe('chosen\n');
  });

  test('without a persistent volume lasts for one boot', async () => {
    await using host = await testHost({ files });
    await hostNameStep.run(host);
    expect(await host.readText('/etc/hostname')).toBe('kairos-abcd\n');
    expect(await host.readText('/etc/hosts')).toBe('x');
  });
});

describe('live account', () => {
  const accounts = {
    '/etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
    '/etc/group': 'root:x:0:\n',
    '/etc/shadow': 'root:*::::::\n',
    '/etc/gshadow': 'root:*::\n',
  };
  const live = { '/proc/cmdline': 'root=live:CDLABEL=COS_LIVE', '/run/cos/live_mode': '1' };

  test.each([
    ['', '#cloud-config\ninstall: {auto: true}\n', 'no'],
    ['', '#cloud-config\ninstall: {auto: yes}\n', 'no'],
    ['', '#cloud-config\ninstall: {auto: false}\n', 'yes'],
    [' kairos.live_ssh=on', '#cloud-config\ninstall: {auto: true}\n', 'yes'],
    [' kairos.live_ssh=off', '', 'no'],
    [' kairos.config=install.auto=true', '', 'no'],
  ])('SSH with %j and the configuration %j: passwords %s', async (words, config, answer) => {
    const cmdline = `${live['/proc/cmdline']}${words}`;
    const files = { ...accounts, ...live, '/proc/cmdline': cmdline, '/oem/a.yaml': config };
    await using host = await testHost({ files });
    await liveAccountStep.run(host);
    expect(await host.readText('/etc/ssh/sshd_config.d/10-kairos-live.conf')).toMatch(
      new RegExp(`^PasswordAuthentication ${answer}$`, 'm'),
    );
    // At the machine, the account works in any case.
    expect(await host.readText('/etc/shadow')).toMatch(/^kairos:\$6\$/m);
  });

  test('is created on a live system', async () => {
    await using host = await testHost({ files: { ...accounts, ...live } });
    await liveAccountStep.run(host);
    expect(await host.readText('/etc/shadow')).toMatch(/^kairos:\$6\$/m);
    expect(await host.readText('/etc/group')).toMatch(/^admin:.*kairos$/m);
    expect(await host.readText('/etc/ssh/sshd_config.d/10-kairos-live.conf')).toBe(
      'PasswordAuthentication yes\n',
    );
  });

  test.each([
    { '/proc/cmdline': 'root=LABEL=COS_ACTIVE', '/run/cos/active_mode': '1' },
    { '/proc/cmdline': 'root=live:LABEL=COS_RECOVERY', '/run/cos/recovery_mode': '1' },
    { '/proc/cmdline': 'root=LABEL=COS_ACTIVE', '/run/cos/live_mode': '1' },
    { '/proc/cmdline': 'root=live:CDLABEL=COS_LIVE', '/run/cos/active_mode': '1' },
  ])('is nowhere else: %j', async (boot) => {
    await using host = await testHost({ files: { ...accounts, ...boot } });
    await liveAccountStep.run(host);
    expect(await host.readText('/etc/passwd')).toBe(accounts['/etc/passwd']);
    expect(await host.stat('/etc/ssh')).toBeUndefined();
  });
});
