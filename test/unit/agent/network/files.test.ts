import { describe, expect, test } from 'vitest';
import { connmanFile } from '../../../../src/agent/network/connman.ts';
import { kernelNetwork } from '../../../../src/agent/network/kernel-network.ts';
import type { NetworkFile } from '../../../../src/agent/network/network-file.ts';
import { networkManagerFiles } from '../../../../src/agent/network/network-manager.ts';
import { networkdFiles } from '../../../../src/agent/network/networkd.ts';

const STATIC = 'ip=192.0.2.10::192.0.2.1:24::eth0:none:192.0.2.53';
const VLAN = `vlan=vlan5:eth0 ${STATIC.replace('eth0', 'vlan5')}`;
const BOND = 'bond=lag:eth0,eth1:mode=active-backup,miimon=100,primary=eth1 ip=lag:dhcp';
const plan = (line: string) => kernelNetwork(line.split(' '));
/** The files by name, without the comment on the first line. */
const texts = (files: readonly NetworkFile[]) =>
  Object.fromEntries(
    files.map(({ name, content }) => [name, content.split('\n').slice(1).join('\n').trim()]),
  );

describe('for systemd-networkd', () => {
  test('a static address', () => {
    expect(texts(networkdFiles(plan(STATIC)))).toEqual({
      '10-kernel-eth0.network':
        '[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.10/24\nGateway=192.0.2.1\nDNS=192.0.2.53',
    });
  });

  test('a VLAN: the interface below it asks for no address', () => {
    expect(texts(networkdFiles(plan(VLAN)))).toEqual({
      '10-kernel-vlan5.netdev': '[NetDev]\nKind=vlan\nName=vlan5\n\n[VLAN]\nId=5',
      '10-kernel-vlan5.network':
        '[Match]\nName=vlan5\n\n[Network]\nAddress=192.0.2.10/24\nGateway=192.0.2.1\nDNS=192.0.2.53',
      '10-kernel-eth0.network': '[Match]\nName=eth0\n\n[Network]\nVLAN=vlan5\nLinkLocalAddressing=no',
    });
  });

  test('a bond, with the options of the driver', () => {
    expect(texts(networkdFiles(plan(BOND)))).toEqual({
      '10-kernel-lag.netdev':
        '[NetDev]\nKind=bond\nName=lag\n\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms',
      '10-kernel-lag.network': '[Match]\nName=lag\n\n[Network]\nDHCP=ipv4\n\n[DHCPv4]\nClientIdentifier=mac',
      '10-kernel-eth0.network': '[Match]\nName=eth0\n\n[Network]\nBond=lag\nLinkLocalAddressing=no',
      '10-kernel-eth1.network':
        '[Match]\nName=eth1\n\n[Network]\nBond=lag\nPrimarySlave=yes\nLinkLocalAddressing=no',
    });
  });

  test('a bridge, a name, a hardware address, and every wired interface', () => {
    const files = texts(
      networkdFiles(plan('bridge=br0:eth0 ifname=lan0:52:54:00:12:34:56 ip=52-54-00-00-00-01:dhcp ip=on')),
    );
    expect(files['10-kernel-br0.netdev']).toBe('[NetDev]\nKind=bridge\nName=br0');
    expect(files['10-kernel-lan0.link']).toBe('[Match]\nMACAddress=52:54:00:12:34:56\n\n[Link]\nName=lan0');
    expect(files['10-kernel-52-54-00-00-00-01.network']).toContain(
      '[Match]\nMACAddress=52:54:00:00:00:01\nKind=!*',
    );
    expect(files['10-kernel-wired.network']).toContain('[Match]\nType=ether\nKind=!*\n\n[Network]\nDHCP=yes');
  });
});

describe('for NetworkManager', () => {
  test('a static address', () => {
    expect(texts(networkManagerFiles(plan(STATIC)))).toEqual({
      'kernel-eth0.nmconnection': [
        '[connection]\nid=kernel-eth0\ntype=ethernet\ninterface-name=eth0\n',
        '[ipv4]\nmethod=manual\naddress1=192.0.2.10/24\ngateway=192.0.2.1\ndns=192.0.2.53;\n',
        '[ipv6]\nmethod=disabled',
      ].join('\n'),
    });
  });

  test('a VLAN and a bond', () => {
    const vlan = texts(networkManagerFiles(plan(VLAN)));
    expect(vlan['kernel-vlan5.nmconnection']).toContain(
      'type=vlan\ninterface-name=vlan5\n\n[vlan]\nid=5\nparent=eth0',
    );
    const bond = texts(networkManagerFiles(plan(BOND)));
    expect(bond['kernel-lag.nmconnection']).toContain('[bond]\nmode=active-backup\nmiimon=100\nprimary=eth1');
    expect(bond['kernel-lag.nmconnection']).toContain('[ipv4]\nmethod=auto');
    expect(bond['kernel-eth1.nmconnection']).toContain('interface-name=eth1\nmaster=lag\nslave-type=bond');
  });

  test('every wired interface, and one by its hardware address', () => {
    expect(texts(networkManagerFiles(plan('ip=dhcp')))['kernel-wired.nmconnection']).not.toContain(
      'interface-name',
    );
    const one = texts(networkManagerFiles(plan('ip=52-54-00-00-00-01:auto6')));
    expect(one['kernel-52-54-00-00-00-01.nmconnection']).toContain('mac-address=52:54:00:00:00:01');
    expect(one['kernel-52-54-00-00-00-01.nmconnection']).toMatch(
      /\[ipv4\]\nmethod=disabled\n\n\[ipv6\]\nmethod=auto/,
    );
  });
});

describe('for connman', () => {
  test('a static address, and DHCP', () => {
    expect(connmanFile(plan(`${STATIC} ip=52-54-00-00-00-01:dhcp`))?.content).toBe(
      [
        '# From the kernel command line.',
        '[service_kernel0]\nType=ethernet\nDeviceName=eth0\nIPv4=192.0.2.10/255.255.255.0/192.0.2.1\nIPv6=off\nNameservers=192.0.2.53\n',
        '[service_kernel1]\nType=ethernet\nMAC=52:54:00:00:00:01\nIPv4=dhcp\nIPv6=off\n',
      ].join('\n'),
    );
  });
  test('nothing without an interface', () => expect(connmanFile(plan('quiet'))).toBeUndefined());
});
