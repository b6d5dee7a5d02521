import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kernelNetwork } from '../../src/agent/network/kernel-network.ts';
import { networkdFiles } from '../../src/agent/network/networkd.ts';
import { TEST_HOME } from '../support/factory.ts';

/** Everything that the command line can say, for a machine with the interfaces eth0 and eth1. */
const ARGUMENTS = [
  'ip=192.0.2.10::192.0.2.1:24::eth0:none:192.0.2.53 nameserver=192.0.2.54 rd.route=198.51.100.0/24:192.0.2.9:eth0',
  'ip=[2001:db8::10]::[2001:db8::1]:64::eth0:none ip=52-54-00-00-00-01:dhcp:1400 ip=eth9:auto6 ip=on',
  'bond=lag:eth2,eth3:mode=802.3ad,miimon=100,updelay=200,downdelay=200,lacp_rate=fast,xmit_hash_policy=layer2+3,min_links=1,ad_select=bandwidth:9000',
  'bond=pair:eth4,eth5:mode=1,arp_interval=100,arp_validate=active,arp_ip_target=192.0.2.1;192.0.2.2,fail_over_mac=active,primary=eth4,primary_reselect=better',
  'vlan=vlan5:lag ip=192.0.2.5:::24::vlan5:none bridge=br7:eth6 ifname=lan0:52:54:00:00:00:07',
].join(' ');

/** Runs systemd-networkd for a moment on a machine of its own: with a read-only /sys, it does not wait for udev. */
const RUN = `
set -eu
mount -t tmpfs run /run
mkdir -p /run/systemd/network
cp "$1"/files/* /run/systemd/network/
chmod 0755 /run/systemd /run/systemd/network
mount -t sysfs -o ro sys /sys
ip link set lo up
ip link add eth0 type veth peer name other
ip link set other up
timeout 20 /lib/systemd/systemd-networkd >"$1/log" 2>&1 &
tries=60
until ip route | grep -q default || [ "$tries" -eq 0 ]; do tries=$((tries - 1)); sleep 0.2; done
sleep 1
ip -o address show dev eth0; ip route; ip -6 route show default
kill $!
`;

// A network of its own needs root.
describe.skipIf(process.getuid?.() !== 0)('the network of the command line', () => {
  let home: string;
  let shown: string;
  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'networkd-'));
    await mkdir(join(home, 'files'));
    const plan = kernelNetwork(ARGUMENTS.split(' '));
    expect(plan.problems).toEqual([]);
    for (const { name, content } of networkdFiles(plan)) await writeFile(join(home, 'files', name), content);
    const { stdout } = await execa('unshare', ['--net', '--mount', 'sh', '-c', RUN, 'sh', home], {
      reject: false,
    });
    shown = stdout;
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('is configured by systemd-networkd', () => {
    expect(shown).toContain('inet 192.0.2.10/24');
    expect(shown).toContain('inet6 2001:db8::10/64');
    expect(shown).toContain('default via 192.0.2.1 dev eth0');
    expect(shown).toContain('198.51.100.0/24 via 192.0.2.9 dev eth0');
    expect(shown).toContain('default via 2001:db8::1 dev eth0');
  });

  test('has no key and no value that systemd-networkd does not know', async () => {
    const log = await readFile(join(home, 'log'), 'utf8');
    expect(log).toMatch(/10-kernel-eth0\.network/);
    // The kernel of a test machine may lack bonds and VLANs, which is another complaint.
    expect(log.split('\n').filter((line) => /\/run\/systemd\/network\/.*:\d+:/.test(line))).toEqual([]);
  });
});
