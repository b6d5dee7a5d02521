import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PluginContext } from '../../../../../src/agent/stages/plugin.ts';
import { environmentPlugin, mergeEnvironment } from '../../../../../src/agent/stages/plugins/environment.ts';
import { modulesPlugin } from '../../../../../src/agent/stages/plugins/modules.ts';
import { packagePinsPlugin } from '../../../../../src/agent/stages/plugins/package-pins.ts';
import { packagesPlugin } from '../../../../../src/agent/stages/plugins/packages.ts';
import { sysctlPath, sysctlPlugin } from '../../../../../src/agent/stages/plugins/sysctl.ts';
import { systemctlPlugin } from '../../../../../src/agent/stages/plugins/systemctl.ts';
import { systemdFirstbootPlugin } from '../../../../../src/agent/stages/plugins/systemd-firstboot.ts';
import { timesyncdPlugin } from '../../../../../src/agent/stages/plugins/timesyncd.ts';
import type { StageStep } from '../../../../../src/common/cloud-config/step-schema.ts';
import type { Host } from '../../../../../src/common/host/host.ts';
import { type TestHost, testHost } from '../../support/test-host.ts';

function context(host: Host, step: StageStep = {}): PluginContext {
  return { host, step, expand: async (text) => text.replace('{{.Values.name}}', 'node-1') };
}

function bootSystemd(host: TestHost): void {
  mkdirSync(join(host.root, 'run/systemd/system'), { recursive: true });
}

describe('sysctl', () => {
  it.each([
    ['net.ipv4.ip_forward', '/proc/sys/net/ipv4/ip_forward'],
    ['net.ipv4.conf.eth0/1.forwarding', '/proc/sys/net/ipv4/conf/eth0.1/forwarding'],
    ['net/ipv4/conf/eth0.1/forwarding', '/proc/sys/net/ipv4/conf/eth0.1/forwarding'],
    ['kernel/domainname', '/proc/sys/kernel/domainname'],
    ['../../etc/passwd', undefined],
    ['net/../../x', undefined],
    ['', undefined],
  ])('finds the file of %s', (key, path) => {
    expect(sysctlPath(key)).toBe(path);
  });

  it('sets existing parameters, and lists all missing ones', async () => {
    const files = { '/proc/sys/vm/swappiness': '600\n', '/proc/sys/vm/max_map_count': '1\n' };
    await using host = await testHost({ files });
    const run = sysctlPlugin.run(context(host), {
      'vm.swappiness': 10,
      'vm.nothing': 1,
      '../x': 1,
      'vm.max_map_count': '262144',
    });
    await expect(run).rejects.toThrow(/vm\.nothing: .*\.\.\/x/s);
    expect(await host.readText('/proc/sys/vm/swappiness')).toBe('10\n');
    expect(await host.readText('/proc/sys/vm/max_map_count')).toBe('262144\n');
    expect(await host.stat('/proc/sys/vm/nothing')).toBeUndefined();
  });
});

describe('modules', () => {
  it('loads plain modules together, those with parameters separately', async () => {
    await using host = await testHost();
    await modulesPlugin.run(context(host), ['br_netfilter', ' bonding mode=1  miimon=100', 'overlay']);
    expect(host.commands()).toEqual([
      'modprobe -a br_netfilter overlay',
      'modprobe bonding mode=1 miimon=100',
    ]);
  });

  it('sets the parameters of sysctl that exist only afterwards', async () => {
    const parameter = '/proc/sys/net/bridge/bridge-nf-call-iptables';
    await using host = await testHost({
      files: { '/proc/sys/vm/swappiness': '60\n' },
      run: async () => {
        await host.write(parameter, '0\n');
        // The value of the earlier action stays.
        await host.write('/proc/sys/vm/swappiness', '11\n');
        return '';
      },
    });
    const sysctl = {
      'net.bridge.bridge-nf-call-iptables': '1',
      'vm.swappiness': '10',
      'net.bridge.nothing': '1',
    };
    const step = { sysctl, modules: ['br_netfilter'] };
    await sysctlPlugin.run(context(host, step), sysctl);
    expect(await host.readText('/proc/sys/vm/swappiness')).toBe('10\n');
    await expect(modulesPlugin.run(context(host, step), step.modules)).rejects.toThrow(
      /: net\.bridge\.nothing: \w+/,
    );
    expect(await host.readText(parameter)).toBe('1\n');
    expect(await host.readText('/proc/sys/vm/swappiness')).toBe('11\n');
  });

  it('runs nothing for an empty list, and fails after trying all modules', async () => {
    await using host = await testHost({ run: ({ args }) => (args[0] === '-a' ? { status: 1 } : undefined) });
    await modulesPlugin.run(context(host), ['']);
    expect(host.calls).toEqual([]);
    await expect(modulesPlugin.run(context(host), ['a', 'b x=1'])).rejects.toThrow('modprobe failed');
    expect(host.commands()).toContain('modprobe b x=1');
  });
});

describe('timesyncd', () => {
  it('writes a drop-in and restarts a running service', async () => {
    await using host = await testHost();
    await timesyncdPlugin.run(context(host), { NTP: 'a.example b.example', RootDistanceMaxSec: 5 });
    expect(await host.readText('/etc/systemd/timesyncd.conf.d/10-kairos.conf')).toBe(
      '[Time]\nNTP=a.example b.example\nRootDistanceMaxSec=5\n',
    );
    expect(host.calls).toEqual([]);
    bootSystemd(host);
    await timesyncdPlugin.run(context(host), { NTP: 'a.example' });
    expect(host.commands()).toEqual(['systemctl try-restart systemd-timesyncd.service']);
  });

  it.each([{ NTP: 'a\n[X]' }, { 'a b': 'c' }])('refuses %j', async (settings) => {
    await using host = await testHost();
    await expect(timesyncdPlugin.run(context(host), settings)).rejects.toThrow('is not a valid setting');
  });
});

describe('systemctl', () => {
  it('writes drop-ins, reloads, and changes and starts units', async () => {
    await using host = await testHost();
    bootSystemd(host);
    await systemctlPlugin.run(context(host), {
      overrides: [
        { service: 'sshd', content: '[Service]\n' },
        { service: 'a.timer', content: '[Timer]\n', name: 'mine' },
      ],
      enable: ['a', 'b'],
      disable: ['c'],
      mask: ['d'],
      start: ['a', 'b'],
    });
    expect(await host.readText('/etc/systemd/system/sshd.service.d/override-yip.conf')).toBe('[Service]\n');
    expect(await host.readText('/etc/systemd/system/a.timer.d/mine.conf')).toBe('[Timer]\n');
    expect(host.commands()).toEqual([
      'systemctl daemon-reload',
      'systemctl enable a b',
      'systemctl disable c',
      'systemctl mask d',
      'systemctl start a',
      'systemctl start b',
    ]);
  });

  it('only changes files where systemd is not running', async () => {
    await using host = await testHost();
    await systemctlPlugin.run(context(host), {
      overrides: [{ service: 'x', content: '' }],
      enable: ['a'],
      start: ['a'],
    });
    expect(host.commands()).toEqual(['systemctl enable a']);
    expect(host.logged.join()).toContain('not starting a');
  });

  it('continues after a unit that fails, and lists all failures', async () => {
    await using host = await testHost({
      run: ({ args }) =>
        args.includes('bad') ? { status: 1, stderr: 'Unit bad.service does not exist' } : undefined,
    });
    bootSystemd(host);
    const run = systemctlPlugin.run(context(host), {
      overrides: [{ service: '../x', content: '' }],
      enable: ['good', 'bad', 'other'],
      start: ['bad', 'good'],
    });
    await expect(run).rejects.toThrow(/\.\.\/x.*enable bad: Unit bad.*start bad: Unit bad/s);
    expect(host.commands()).toEqual([
      'systemctl daemon-reload',
      'systemctl enable good bad other',
      'systemctl enable good',
      'systemctl enable bad',
      'systemctl enable other',
      'systemctl start bad',
      'systemctl start good',
    ]);
  });
});

describe('environment', () => {
  it('merges with existing variables, expands and quotes', async () => {
    await using host = await testHost({
      files: { '/etc/environment': '# mine\nPATH="/bin"\nexport A=1\nA=2\n' },
    });
    await host.chmod('/etc/environment', 0o600);
    await environmentPlugin.run(context(host), { A: 'x "y" $z', NAME: '{{.Values.name}}', N: 3, T: true });
    expect(await host.readText('/etc/environment')).toBe(
      '# mine\nPATH="/bin"\nA="x \\"y\\" \\$z"\nNAME="node-1"\nN="3"\nT="true"\n',
    );
    expect((await host.stat('/etc/environment'))?.mode).toBe(0o600);
  });

  it('writes to the file that the step names', async () => {
    await using host = await testHost();
    await environmentPlugin.run(context(host, { environment_file: '/run/cos/x.env' }), { A: 'a\nb' });
    expect(await host.readText('/run/cos/x.env')).toBe('A="a\\nb"\n');
  });

  it('is idempotent', () => {
    const once = mergeEnvironment('B=1', [['A', '\\']]);
    expect(once).toBe('B=1\nA="\\\\"\n');
    expect(mergeEnvironment(once, [['A', '\\']])).toBe(once);
  });
});

describe('systemd_firstboot', () => {
  it('passes options and flags, and omits false ones', async () => {
    await using host = await testHost();
    await systemdFirstbootPlugin.run(context(host), {
      locale: 'C.UTF-8',
      force: true,
      copy: false,
      root_shell: '/bin/sh',
    });
    expect(host.commands()).toEqual(['systemd-firstboot --locale=C.UTF-8 --force --root-shell=/bin/sh']);
  });
});

describe('packages', () => {
  const all = ['apt-get', 'dnf', 'zypper', 'apk', 'pacman'];
  it.each([
    ['apt-get', 'apt-get -y --no-install-recommends install vim'],
    ['dnf', 'dnf -y --setopt=install_weak_deps=False install vim'],
    ['zypper', 'zypper --non-interactive install --no-recommends vim'],
    ['apk', 'apk add --no-cache vim'],
    ['pacman', 'pacman -S --noconfirm --needed vim'],
  ])('uses %s', async (program, install) => {
    await using host = await testHost({ missing: all.filter((name) => name !== program) });
    await packagesPlugin.run(context(host), {
      remove: ['nano'],
      install: ['vim'],
      upgrade: true,
      refresh: true,
    });
    expect(host.commands()).toHaveLength(4);
    expect(host.commands()[2]).toBe(install);
    expect(host.commands()[3]).toMatch(/nano$/);
  });

  it('needs a package manager only when there is something to do', async () => {
    await using host = await testHost({ missing: all });
    await packagesPlugin.run(context(host), {});
    await expect(packagesPlugin.run(context(host), { refresh: true })).rejects.toThrow(
      'no supported package manager',
    );
    await expect(packagesPlugin.run(context(host), { install: ['--root=/x'] })).rejects.toThrow(
      'not a package name',
    );
  });
});

describe('package_pins', () => {
  const all = ['apt-get', 'dnf', 'zypper', 'apk', 'pacman'];
  const only = (program: string) => all.filter((name) => name !== program);

  it('writes preferences for apt', async () => {
    await using host = await testHost();
    await packagePinsPlugin.run(context(host), { vim: '2:9.0*', git: '1:2.39' });
    expect(await host.readText('/etc/apt/preferences.d/kairos-pins.pref')).toBe(
      'Package: vim\nPin: version 2:9.0*\nPin-Priority: 1001\n\nPackage: git\nPin: version 1:2.39\nPin-Priority: 1001\n',
    );
  });

  it('locks with dnf', async () => {
    await using host = await testHost({ missing: only('dnf') });
    await packagePinsPlugin.run(context(host), { vim: '9.0-1' });
    expect(host.commands()).toEqual(['dnf -y versionlock add vim-9.0-1']);
  });

  it('locks other versions with zypper, keeping other locks', async () => {
    const files = {
      '/etc/zypp/locks': 'type: package\nsolvable_name: kernel*\n\nsolvable_name: vim\nversion: != 1\n',
    };
    await using host = await testHost({ missing: only('zypper'), files });
    await packagePinsPlugin.run(context(host), { vim: '9.0' });
    const locks = (await host.readText('/etc/zypp/locks'))?.split('\n\n');
    expect(locks).toHaveLength(2);
    expect(locks?.[0]).toContain('kernel*');
    expect(locks?.[1]).toContain('solvable_name: vim\nversion: != 9.0');
  });

  it('constrains the world of apk, keeping the rest of it', async () => {
    await using host = await testHost({
      missing: only('apk'),
      files: { '/etc/apk/world': 'alpine-base\nvim>8\nvim-doc\n' },
    });
    await packagePinsPlugin.run(context(host), { vim: '9.0-r0' });
    expect(await host.readText('/etc/apk/world')).toBe('alpine-base\nvim-doc\nvim=9.0-r0\n');
  });

  it('refuses invalid pins, and pacman', async () => {
    await using host = await testHost({ missing: only('pacman') });
    await expect(packagePinsPlugin.run(context(host), { vim: '9' })).rejects.toThrow('pacman');
    await expect(packagePinsPlugin.run(context(host), { vim: '' })).rejects.toThrow(
      'is not a package and a version',
    );
    await expect(packagePinsPlugin.run(context(host), { 'a\nb': '1' })).rejects.toThrow(
      'is not a package and a version',
    );
  });
});
