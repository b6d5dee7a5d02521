import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROJECT, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

const SCRIPTS = join(PROJECT, 'templates/image/initramfs/usr/lib/kairos/initramfs');
const ADDRESS = '10.9.0.1';
const URL = `http://${ADDRESS}:8080/root.squashfs`;

/** Runs in the place of the initramfs: its own parts, but drivers, mounting and failing are left out. */
const TRY = `
export PATH=/bin NEWROOT=/sysroot
for part in lib state emergency devices slot live plain network netboot pivot; do . /lib/kairos/$part.sh; done
modprobe() { :; }
kairos_load_drivers() { return 1; }
kairos_warn() { echo "warning: $1"; }
kairos_mount_squashfs() { echo "mounted $(sha256sum "$kairos_file")"; }
kairos_fail() { echo "failed: $1"; exit 1; }
KAIROS_ROOT_TIMEOUT=1 KAIROS_DOWNLOADS=1
kairos_root=$1 kairos_digest=$2 kairos_ips=$3 kairos_nameservers=$4 kairos_bootif=$5
kairos_mount_netboot
ip addr show dev eth0; ip route; cat /etc/resolv.conf
rm /etc/resolv.conf
`;

/**
 * Runs in a network of its own: a machine with one card, and a server with DHCP and HTTP at the other end of its cable.
 * All of it ends with this shell.
 */
const NETWORK = `
set -eu
cd "$1"; shift
busybox=root/bin/busybox
ip link set lo up
unshare -n sleep 60 >/dev/null 2>&1 & machine=$!
started=$machine
trap 'kill $started' EXIT
until [ "$(readlink /proc/$machine/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
ip link add server type veth peer name eth0 address 52:54:00:aa:00:01 netns "$machine"
ip addr add ${ADDRESS}/24 dev server
ip link set server up
: >leases
$busybox udhcpd -f udhcpd.conf >/dev/null 2>&1 &
started="$started $!"
$busybox httpd -f -p ${ADDRESS}:8080 -h served >/dev/null 2>&1 &
started="$started $!"
nsenter -n -t "$machine" unshare -m sh -c '
  mount -t proc proc root/proc; mount -t sysfs sysfs root/sys; mount -t tmpfs dev root/dev
  mknod root/dev/null c 1 3; : >root/dev/kmsg
  exec chroot root /bin/sh /try.sh "$@"' sh "$@"
`;

// The network of a machine and the mounts in its root need root.
describe.skipIf(process.getuid?.() !== 0)('a root from a web server', () => {
  let home: string;
  let digest: string;

  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'netboot-'));
    for (const name of ['bin', 'lib/kairos', 'proc', 'sys', 'dev', 'run/initramfs', 'etc/kairos', 'tmp'])
      await mkdir(join(home, 'root', name), { recursive: true });
    await tool('sh', '-c', 'cd "$1" && apt-get -q download busybox-static', 'sh', home);
    await tool('sh', '-c', 'cd "$1" && dpkg-deb -x busybox-static_*.deb deb', 'sh', home);
    await tool('sh', '-c', 'cp "$1"/deb/bin/busybox "$1"/root/bin/', 'sh', home);
    await tool('chroot', join(home, 'root'), '/bin/busybox', '--install', '-s', '/bin');
    await cp(SCRIPTS, join(home, 'root/lib/kairos'), { recursive: true });
    await writeFile(join(home, 'root/try.sh'), TRY);
    const content = randomBytes(1_000_000);
    digest = createHash('sha256').update(content).digest('hex');
    await mkdir(join(home, 'served'));
    await writeFile(join(home, 'served/root.squashfs'), content);
    await writeFile(
      join(home, 'udhcpd.conf'),
      [
        'start 10.9.0.50',
        'end 10.9.0.60',
        'interface server',
        'option subnet 255.255.255.0',
        `option router ${ADDRESS}`,
        `option dns ${ADDRESS}`,
        `lease_file ${home}/leases`,
        `pidfile ${home}/pid`,
        '',
      ].join('\n'),
    );
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  /** Boots with `root=`, the digest, `ip=`, name servers and `BOOTIF=`. */
  async function boot(...words: readonly string[]): Promise<string> {
    const { all } = await execa(
      'sh',
      ['-c', 'exec unshare -n sh -c "$@"', 'sh', NETWORK, 'sh', home, ...words],
      {
        all: true,
        reject: false,
        timeout: 60_000,
      },
    );
    return all;
  }

  test('is mounted with the network that DHCP gives', async () => {
    const output = await boot(`live:${URL}`, digest, 'dhcp', '', '');
    expect(output).toContain(`mounted ${digest}`);
    expect(output).toMatch(/inet 10\.9\.0\.[56]\d\/24/);
    expect(output).toMatch(/default via 10\.9\.0\.1 .*\n[\s\S]*nameserver 10\.9\.0\.1/);
  });

  test('is mounted with the network of the command line, and the digest of a file', async () => {
    await writeFile(join(home, 'root/etc/kairos/root.sha256'), `${digest}  rootfs.squashfs\n`);
    const output = await boot(URL, '', '10.9.0.77::10.9.0.1:255.255.255.0', ' 10.9.0.9', '');
    await rm(join(home, 'root/etc/kairos/root.sha256'));
    expect(output).toContain(`mounted ${digest}`);
    expect(output).toMatch(/inet 10\.9\.0\.77\/24[\s\S]*nameserver 10\.9\.0\.9/);
  });

  test.each<[string, string, RegExp]>([
    ['an interface and its method', 'eth0:dhcp:1400', /mtu 1400[\s\S]*inet 10\.9\.0\.[56]\d\/24/],
    ['a hardware address', `10.9.0.78::${ADDRESS}:24::52-54-00-AA-00-01:none`, /inet 10\.9\.0\.78\/24/],
    [
      'name servers of its own, and no gateway',
      '10.9.0.79:::24:node:eth0:none:10.9.0.7:10.9.0.8',
      /inet 10\.9\.0\.79\/24[\s\S]*nameserver 10\.9\.0\.7\nnameserver 10\.9\.0\.8/,
    ],
    ['an MTU', `10.9.0.80::${ADDRESS}:24::eth0:none:1280`, /mtu 1280[\s\S]*inet 10\.9\.0\.80\/24/],
    [
      'two addresses, one of IPv6',
      `10.9.0.81::${ADDRESS}:24::eth0:none [2001:db8::81]::[2001:db8::1]:64::eth0:none`,
      /inet 10\.9\.0\.81\/24[\s\S]*inet6 2001:db8::81\/64/,
    ],
    [
      'the name that the system gives its only card',
      `10.9.0.82::${ADDRESS}:24::enp1s0:none`,
      /warning: there is no network interface enp1s0; eth0 is the only one[\s\S]*inet 10\.9\.0\.82\/24/,
    ],
  ])('is mounted with %s', async (_, ip, expected) => {
    const output = await boot(URL, digest, ip, '', '');
    expect(output).toContain(`mounted ${digest}`);
    expect(output).toMatch(expected);
  });

  test.each<[string, string, string, string, RegExp]>([
    ['another digest', URL, '0'.repeat(64), '', /failed: .* has the SHA-256 [0-9a-f]{64}; expected is 0{64}/],
    ['no digest', URL, '', '', /failed: the SHA-256 of .* is not known/],
    ['no file', `${URL}.missing`, '0'.repeat(64), '', /failed: cannot download .*: .*404/],
    ['another card', URL, '0'.repeat(64), 'aa:bb:cc:dd:ee:ff', /failed: no network card has a link/],
  ])('is not mounted with %s', async (_, root, expected, card, message) => {
    const output = await boot(root, expected, '', '', card);
    expect(output).toMatch(message);
    expect(output).not.toContain('mounted');
  });
});
