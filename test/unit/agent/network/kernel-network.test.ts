import { describe, expect, test } from 'vitest';
import { kernelNetwork } from '../../../../src/agent/network/kernel-network.ts';

const plan = (line: string) => kernelNetwork(line.split(' '));
const NOTHING = { addresses: [], gateways: [], dns: [], routes: [] };

describe('ip=', () => {
  test.each([
    ['ip=dhcp', { automatic: 'ipv4' }],
    ['ip=on', { automatic: 'yes' }],
    ['ip=auto6', { automatic: 'ipv6' }],
    ['ip=eth0:dhcp', { match: 'eth0', automatic: 'ipv4' }],
    [
      'ip=eth0:dhcp6:9000:52:54:00:12:34:56',
      { match: 'eth0', automatic: 'ipv6', mtu: 9000, mac: '52:54:00:12:34:56' },
    ],
    ['ip=52-54-00-12-34-56:dhcp', { match: '52:54:00:12:34:56', automatic: 'ipv4' }],
    ['ip=192.0.2.10::192.0.2.1:255.255.255.0', { addresses: ['192.0.2.10/24'], gateways: ['192.0.2.1'] }],
    [
      'ip=192.0.2.10::192.0.2.1:24:node-1:eth0:none',
      { match: 'eth0', addresses: ['192.0.2.10/24'], gateways: ['192.0.2.1'] },
    ],
    ['ip=192.0.2.10/25:::::eth0:off', { match: 'eth0', addresses: ['192.0.2.10/25'] }],
    [
      'ip=192.0.2.10::192.0.2.1:255.255.254.0::eth0:none:192.0.2.53:192.0.2.54',
      {
        match: 'eth0',
        addresses: ['192.0.2.10/23'],
        gateways: ['192.0.2.1'],
        dns: ['192.0.2.53', '192.0.2.54'],
      },
    ],
    [
      'ip=192.0.2.10:::24::eth0:none:1400:52:54:00:12:34:56',
      { match: 'eth0', addresses: ['192.0.2.10/24'], mtu: 1400, mac: '52:54:00:12:34:56' },
    ],
    [
      'ip=[2001:db8::10]::[2001:db8::1]:64::eth0:none:[2001:db8::53]',
      { match: 'eth0', addresses: ['2001:db8::10/64'], gateways: ['2001:db8::1'], dns: ['2001:db8::53'] },
    ],
    ['ip=:::::eth0:dhcp', { match: 'eth0', automatic: 'ipv4' }],
  ])('%s', (line, expected) => {
    const { interfaces, problems } = plan(line);
    expect(problems).toEqual([]);
    expect(interfaces).toEqual([{ match: undefined, ...NOTHING, ...expected }]);
  });

  test.each([
    'ip=nonsense',
    'ip=eth0:nonsense',
    'ip=192.0.2.300::192.0.2.1:24',
    'ip=192.0.2.3::gateway:24',
    'ip=192.0.2.3:::255.0.255.0::eth0:none',
    'ip=192.0.2.3:::33::eth0:none',
    'ip=192.0.2.3:::24::a-name-that-is-too-long:none',
    'ip=a/b:dhcp',
    'ip=ibft',
  ])('%s is a problem, and the others count', (line) => {
    const { interfaces, problems } = plan(`${line} ip=eth7:dhcp`);
    expect(problems).toEqual([expect.stringContaining(line)]);
    expect(interfaces.map(({ match }) => match)).toEqual(['eth7']);
  });

  test('several for one interface add up; name servers and routes join them', () => {
    const { interfaces } = plan(
      'ip=192.0.2.10::192.0.2.1:24::eth0:none ip=[2001:db8::10]:::64::eth0:none nameserver=192.0.2.53 nameserver=[2001:db8::53] rd.route=198.51.100.0/24:192.0.2.9:eth0 rd.route=203.0.113.0/24:192.0.2.8:eth1',
    );
    expect(interfaces).toEqual([
      {
        match: 'eth0',
        addresses: ['192.0.2.10/24', '2001:db8::10/64'],
        gateways: ['192.0.2.1'],
        dns: ['192.0.2.53', '2001:db8::53'],
        routes: [{ destination: '198.51.100.0/24', gateway: '192.0.2.9' }],
      },
    ]);
  });

  test('without an interface means the one that the firmware booted from', () => {
    expect(plan('ip=dhcp BOOTIF=01-52-54-00-12-34-56').interfaces[0]?.match).toBe('52:54:00:12:34:56');
  });
});

describe('links', () => {
  test.each([
    ['vlan=vlan0005:eth0', { name: 'vlan0005', link: 'eth0', id: 5 }],
    ['vlan=eth0.100:eth0', { name: 'eth0.100', link: 'eth0', id: 100 }],
  ])('%s', (line, vlan) => expect(plan(line)).toMatchObject({ vlans: [vlan], problems: [] }));

  test.each([
    ['bond=', { name: 'bond0', members: ['eth0', 'eth1'], options: { mode: 'balance-rr' } }],
    [
      'bond=lag:eth2,eth3:mode=4,miimon=100,arp_ip_target=192.0.2.1;192.0.2.2:9000',
      {
        name: 'lag',
        members: ['eth2', 'eth3'],
        options: { mode: '802.3ad', miimon: '100', arp_ip_target: '192.0.2.1,192.0.2.2' },
        mtu: 9000,
      },
    ],
  ])('%s', (line, bond) => expect(plan(line)).toMatchObject({ bonds: [bond], problems: [] }));

  test('bridge= and ifname=', () => {
    expect(plan('bridge=br7:eth0,eth1 ifname=lan0:52:54:00:AB:cd:ef')).toMatchObject({
      bridges: [{ name: 'br7', members: ['eth0', 'eth1'] }],
      names: [{ name: 'lan0', mac: '52:54:00:ab:cd:ef' }],
      problems: [],
    });
  });

  test.each([
    'vlan=novlan:eth0',
    'vlan=v9999:eth0',
    'vlan=v5',
    'bond=a/b:eth0',
    'ifname=lan0:nonsense',
    'nameserver=x',
    'rd.route=x:y',
    'bridge=br0:a/b',
  ])('%s is a problem', (line) => expect(plan(line).problems).toEqual([`${line} is malformed`]));

  test('a command line without a network is none', () => {
    expect(plan('root=LABEL=COS_ACTIVE quiet ipv6.disable=1 skip=1')).toEqual({
      ...{ interfaces: [], vlans: [], bonds: [], bridges: [], names: [], problems: [] },
    });
  });
});
