import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../../support/factory.ts';
import { tool } from '../../../support/tool.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const SCRIPTS = join(PROJECT, 'templates/image/initramfs/usr/lib/kairos/initramfs');
const CARDS = { eth0: '52:54:00:00:00:01', eth1: '52:54:00:00:00:02' };

/** What the scripts do for a command line on a machine with two cards; programs that change the machine are stand-ins. */
async function configured(shell: readonly string[], line: string): Promise<string[]> {
  const root = temporaryDirectory();
  for (const [name, address] of Object.entries(CARDS)) {
    mkdirSync(join(root, 'sys/class/net', name), { recursive: true });
    writeFileSync(join(root, 'sys/class/net', name, 'address'), `${address}\n`);
    writeFileSync(join(root, 'sys/class/net', name, 'carrier'), '1\n');
  }
  mkdirSync(join(root, 'sys/class/net/lag/bonding'), { recursive: true });
  for (const directory of ['proc', 'etc', 'run/initramfs'])
    mkdirSync(join(root, directory), { recursive: true });
  writeFileSync(join(root, 'proc/cmdline'), `${line}\n`);
  const stubs = [
    `log() { echo "$*" >>${root}/log; }`,
    'ip() { log ip "$@"; case "$*" in *"scope global"*) echo inet6 ;; esac; }',
    'udhcpc() { log udhcpc "$@"; }',
    'modprobe() { log modprobe "$@"; }',
    'sleep() { :; }',
    'kairos_load_drivers() { return 1; }',
    'kairos_done() { :; }',
    'kairos_warn() { log "warning: $1"; }',
    'kairos_fail() { log "failed: $1"; exit 1; }',
    'KAIROS_ROOT_TIMEOUT=1 KAIROS_LOG=/dev/null',
  ];
  const scripts = ['lib', 'network'].map((name) => readFileSync(join(SCRIPTS, `${name}.sh`), 'utf8'));
  const text = [...scripts, ...stubs, 'kairos_read_cmdline', 'kairos_start_network || :']
    .join('\n')
    .replaceAll(/(?<=[\s"'<>=])\/(?=(?:proc|sys|run|etc)\/)/g, `${root}/`);
  const file = join(root, 'script');
  writeFileSync(file, text);
  await tool('sh', '-c', '"$@" || :', 'sh', ...shell, file);
  const read = (path: string, title: string) => readIf(join(root, path)).map((value) => `${title}: ${value}`);
  return [
    ...readIf(join(root, 'log')),
    ...read('etc/resolv.conf', 'resolv.conf'),
    ...['mode', 'miimon', 'arp_ip_target', 'slaves', 'primary'].flatMap((name) =>
      read(`sys/class/net/lag/bonding/${name}`, name),
    ),
    ...read('sys/class/net/bonding_masters', 'bonds'),
    ...read('run/initramfs/network-card', 'card'),
  ].filter((each) => each !== 'ip link set lo up');
}

function readIf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch {
    return [];
  }
}

const DHCP = '-t 10 -T 2 -s /lib/kairos/dhcp.sh';

describe.each([['busybox', 'sh'], ['dash']].map((shell) => ({ shell, name: shell[0] })))(
  'with $name',
  ({ shell }) => {
    test.each<[string, string[]]>([
      ['quiet', ['ip link set eth0 up', `udhcpc -q -n -f -i eth0 ${DHCP}`, 'card: 52:54:00:00:00:01']],
      [
        'ip=dhcp BOOTIF=01-52-54-00-00-00-02',
        ['ip link set eth1 up', `udhcpc -q -n -f -i eth1 ${DHCP}`, 'card: 52:54:00:00:00:02'],
      ],
      ['ip=eth1:dhcp', ['ip link set eth1 up', `udhcpc -q -n -f -i eth1 ${DHCP}`]],
      ['ip=eth1:auto6', ['ip link set eth1 up', 'ip -6 addr show dev eth1 scope global']],
      [
        'ip=192.0.2.10::192.0.2.1:255.255.255.0:node:eth1:none nameserver=192.0.2.53',
        [
          'ip link set eth1 up',
          'ip -4 addr add 192.0.2.10/255.255.255.0 dev eth1',
          'ip -4 route add default via 192.0.2.1 dev eth1',
          'resolv.conf: nameserver 192.0.2.53',
        ],
      ],
      [
        'ip=[2001:db8::10]::[2001:db8::1]:64::52-54-00-00-00-02:none:[2001:db8::53]',
        [
          'ip link set eth1 up',
          'ip -6 addr add 2001:db8::10/64 dev eth1',
          'ip -6 route add default via 2001:db8::1 dev eth1',
          'resolv.conf: nameserver 2001:db8::53',
        ],
      ],
      [
        'vlan=vlan0005:eth1 ip=192.0.2.10:::24::vlan0005:none',
        [
          'modprobe -q 8021q',
          'ip link set eth1 up',
          'ip link add link eth1 name vlan0005 type vlan id 5',
          'failed: there is no network interface vlan0005; there are: eth0 eth1',
        ],
      ],
      [
        'bond=lag:eth0,eth1:mode=1,miimon=100,primary=eth1:9000 ip=lag:dhcp',
        [
          'modprobe -q bonding max_bonds=0',
          'ip link set eth0 down',
          'ip link set eth1 down',
          'ip link set lag mtu 9000',
          'ip link set lag up',
          'ip link set lag up',
          `udhcpc -q -n -f -i lag ${DHCP}`,
          'mode: 1',
          'miimon: 100',
          'slaves: +eth1',
          'primary: eth1',
          'bonds: +lag',
        ],
      ],
      ['ifname=lan0:52:54:00:00:00:02 ip=eth0:none', ['ip link set eth1 name lan0', 'ip link set eth0 up']],
      ['ip=eth7:dhcp', ['failed: there is no network interface eth7; there are: eth0 eth1']],
    ])('%s', async (line, expected) => {
      expect(await configured(shell, line)).toEqual(expected);
    });
  },
);
