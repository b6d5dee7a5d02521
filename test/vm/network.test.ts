import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { TEST_HOME, testBuild } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';
import { type Guest, startGuest } from './guest.ts';
import { pushLayout } from './push-layout.ts';

const INSTALL_TIMEOUT = 900_000;
/** The host as a guest of QEMU's user network sees it; QEMU has no such network without DHCP, so fixed addresses differ from its. */
const HOST_IN_GUEST = '10.0.2.2';
/** QEMU's address of the first card, and that of a second one. */
const FIRST = '52:54:00:12:34:56';
const SECOND = '52:54:00:12:34:57';
const SECOND_CARD = ['-netdev', 'user,id=second', '-device', `virtio-net-pci,netdev=second,mac=${SECOND}`];

/** The network of the medium. */
const SITE = {
  '10-lan.network': `[Match]\nMACAddress=${FIRST}\n\n[Network]\nAddress=10.0.2.77/24\nGateway=${HOST_IN_GUEST}\n`,
  '11-unused.network': `[Match]\nMACAddress=${SECOND}\n\n[Network]\nLinkLocalAddressing=no\n`,
};
/** The network of the node. */
const ARGUMENTS = [
  `ip=10.0.2.78::${HOST_IN_GUEST}:255.255.255.0::${FIRST.replaceAll(':', '-')}:none`,
  'nameserver=10.0.2.3',
  `ifname=lan1:${SECOND}`,
  'bond=lag:lan1:mode=active-backup,miimon=100',
  'vlan=vlan5:lag',
  'ip=192.0.2.5:::24::vlan5:none',
].join(' ');

describe.runIf(process.env['KAIROS_FACTORY_TEST_ALL'] === '1')('a site without DHCP', () => {
  let directory: string;
  let registry: TestRegistry;
  let guest: Guest;
  let digest: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(TEST_HOME, 'network-'));
    registry = await startRegistry();
    const shared = await testBuild();
    ({ digest } = await pushLayout(registry, shared.artifact('oci'), 'fleet/os', 'v1'));
    await mkdir(join(directory, 'site/network'), { recursive: true });
    for (const [name, text] of Object.entries(SITE))
      await writeFile(join(directory, 'site/network', name), text);
    const config = join(directory, 'config.yaml');
    await writeFile(config, `#cloud-config\n${stringify(nodeConfig(registry.host))}`);
    const { artifact } = await testBuild('bookworm', [
      ...['--artifact', 'iso', '--cloud-config', config, '--overlay-iso', join(directory, 'site')],
      ...['--output', join(directory, 'build')],
    ]);
    const target = join(directory, 'disk.qcow2');
    await tool('qemu-img', 'create', '-q', '-f', 'qcow2', target, '16G');
    guest = await startGuest(
      { artifact: artifact('iso'), attachment: 'disk', firmware: 'bios', target },
      SECOND_CARD,
    );
  });
  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test('installs from a registry, with the network of the medium', async () => {
    await guest.waitFor(/reboot: Restarting system/, INSTALL_TIMEOUT);
    await guest.rebooted();
    expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/active_mode');
    const live = await guest.run('cat /usr/local/live-addresses');
    expect(live).toContain('inet 10.0.2.77/24');
    expect(live).not.toContain('dynamic');
    expect(await guest.run('kairos-agent state summary')).toContain(
      `active    v1.2.3  ${digest.slice(0, 19)}  install of`,
    );
  });

  test('runs with the network of the kernel command line: an address, a bond and a VLAN on it', async () => {
    expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
    const addresses = await guest.run('ip -4 -o address');
    expect(addresses).toMatch(/inet 10\.0\.2\.78\/24/);
    expect(addresses).toMatch(/vlan5 +inet 192\.0\.2\.5\/24/);
    expect(addresses).not.toContain('dynamic');
    expect(await guest.run('cat /proc/net/bonding/lag')).toMatch(
      /active-backup[\s\S]*Polling Interval \(ms\): 100[\s\S]*Slave Interface: lan1/,
    );
    expect(await guest.run('cat /proc/net/vlan/vlan5')).toMatch(/VID: 5\b[\s\S]*Device: lag/);
    expect(await guest.run('cat /run/systemd/resolve/resolv.conf /etc/resolv.conf')).toContain('10.0.2.3');
  });

  test('has its proxies in the environment of services and of the agent', async () => {
    expect(await guest.run('systemctl show-environment | grep -i no_proxy')).toMatch(
      /^NO_PROXY=.*\nno_proxy=/,
    );
    const { status, output } = await guest.attempt('kairos-agent doctor network stages');
    expect([status, output]).toEqual([0, expect.stringContaining('addresses: 10.0.2.78')]);
  });
});

function nodeConfig(registry: string): object {
  return {
    install: {
      ...{ auto: true, device: 'auto', reboot: true, 'allow-insecure-registries': true },
      source: `oci:${registry.replace('127.0.0.1', HOST_IN_GUEST)}/fleet/os:v1`,
    },
    users: [{ name: 'tester', groups: ['admin'], passwd: 'tester' }],
    env: [`NO_PROXY=${HOST_IN_GUEST}`],
    grub_options: { extra_cmdline: ARGUMENTS },
    stages: {
      'after-install': [{ commands: ['ip -4 -o address >/run/cos/persistent/live-addresses'] }],
    },
  };
}
