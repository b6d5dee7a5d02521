import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { stateCommand } from '../../../../src/agent/commands/state.ts';
import { runUpgrade } from '../../../../src/agent/deploy/upgrade.ts';
import type { Host } from '../../../../src/common/host/host.ts';
import { STATE, slotNode } from '../support/slot-node.ts';
import { testHost } from '../support/test-host.ts';

async function state(host: Host, line = '', uid = 0): Promise<string> {
  const printed: string[] = [];
  const command = stateCommand({ host, out: (text) => void printed.push(text), uid }).exitOverride();
  await command.parseAsync(line.split(' ').filter(Boolean), { from: 'user' });
  return printed.join('');
}

/** A node after an upgrade; the stand-in for mount shows the new system for every slot. */
async function upgraded() {
  const { host } = await slotNode();
  await host.write('/etc/kairos-release', 'KAIROS_VERSION="v1.0.0"\nKAIROS_NAME="kairos-core-debian-12"\n');
  await runUpgrade({ host, out: () => undefined }, { config: {}, source: 'file:/usr/local/next.img' });
  const tree = '/run/cos/slot';
  for (const file of ['/etc/kairos-release', '/usr/lib/kairos/origin.json'])
    await host.write(`/run/cos/view${file}`, (await host.readText(`${tree}${file}`)) ?? '');
  return host;
}

describe('the summary of a node', () => {
  test('after an upgrade: running system, slots, versions of the upgrade, and what to do', async () => {
    await using host = await upgraded();
    const text = await state(host, 'summary');
    expect(text).toContain('running   v1.0.0, the active system (kairos-core-debian-12)\n');
    expect(text).toContain(
      'active    v2.0.0  no digest  upgrade of 2026-01-02 03:04 UTC from file:/usr/local/next.img\n',
    );
    expect(text).toContain('recovery  there is no system\n');
    expect(text).toContain('upgrade   2026-01-02 03:04 UTC, from v1.0.0 to v2.0.0');
    expect(text).toContain('PENDING: reboot to start the new system');
    expect(JSON.parse(await state(host, 'summary --json'))).toMatchObject({
      boot: 'active_boot',
      running: { version: 'v1.0.0' },
      upgrade: { from: 'v1.0.0', to: 'v2.0.0', outcome: 'pending reboot' },
    });
  });

  test('comes first in "state", as comments of the YAML, and is not in the other forms', async () => {
    await using host = await upgraded();
    const text = await state(host);
    expect(text.split('\n')[0]).toBe('# running   v1.0.0, the active system (kairos-core-debian-12)');
    const data: object = parse(text);
    expect(Object.keys(data)).toEqual(Object.keys(JSON.parse(await state(host, '--json'))));
    expect(data).toMatchObject({ boot: 'active_boot', kairos: { version: 'v1.0.0' } });
    expect(await state(host, 'get kairos.version')).toBe('v1.0.0\n');
  });

  test('of an ordinary user has no slots, and mounts nothing', async () => {
    await using host = await upgraded();
    const before = host.calls.length;
    expect(await state(host, 'summary', 1000)).toMatch(/running {3}v1\.0\.0.*\nslots {5}run as root/);
    expect(host.calls.slice(before)).toEqual([]);
  });

  test('during an upgrade does not disturb it', async () => {
    await using host = await upgraded();
    await host.write('/run/cos/kairos-agent.lock/pid', `${process.pid}\n`);
    await host.write(`/proc/${process.pid}/comm`, 'agent');
    const before = host.calls.length;
    expect(await state(host, 'summary')).toContain(
      'active    another installation, upgrade or reset is running',
    );
    expect(host.commands().slice(before).join('\n')).not.toContain('mount');
  });

  test('unmounts what it mounted, also when a slot cannot be read', async () => {
    await using host = await upgraded();
    await host.write('/run/cos/recovery/cOS/recovery.img', 'x');
    const before = host.calls.length;
    await state(host, 'summary');
    const commands = host.commands().slice(before);
    const count = (start: string) => commands.filter((line) => line.startsWith(start)).length;
    expect(count('mount ')).toBe(4);
    expect(count('umount ')).toBe(4);
    expect(commands).toContain(`mount -o loop,ro ${STATE}/cOS/passive.img /run/cos/view`);
  });

  test('of a machine that lacks a program has everything else', async () => {
    await using host = await testHost({
      files: { '/proc/cmdline': 'COS_ACTIVE', '/etc/kairos-release': 'KAIROS_VERSION=v1\n' },
      run: ({ program }) => {
        if (program === 'blkid') throw new Error('blkid is not installed');
        return program === 'lsblk' ? '{"blockdevices":[]}' : '[]';
      },
    });
    const text = await state(host);
    expect(text).toMatch(/^# running {3}v1, the active system\n# slots {5}blkid is not installed\n/);
    expect(text).toContain('boot: active_boot');
  });

  test('of a live system', async () => {
    await using host = await testHost({
      files: { '/proc/cmdline': 'root=live:LABEL=COS_LIVE', '/etc/kairos-release': 'KAIROS_VERSION=v1\n' },
      run: ({ program }) => (program === 'blkid' ? { status: 2 } : ''),
    });
    expect(await state(host, 'summary')).toBe(
      'running   v1, the live system\nslots     nothing is installed on this machine\n',
    );
  });
});
