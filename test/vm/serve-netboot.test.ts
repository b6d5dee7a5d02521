import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Firmware } from '../../src/factory/config/prove.ts';
import { startDhcp } from '../support/dhcp-server.ts';
import { buildDebian, TEST_HOME, type TestBuild } from '../support/factory.ts';
import { startService } from '../support/netboot-service.ts';
import { type NetworkNamespace, plugIn, startNetworks } from '../support/network-namespaces.ts';
import { tool } from '../support/tool.ts';
import { type Guest, startGuest } from './guest.ts';

const ADDRESS = '10.9.0.1';
const URL = `http://${ADDRESS}:8080`;
/** Software emulation, and two processors that other work may share. */
const FIRMWARE_TIMEOUT = 600_000;
const BOOT_TIMEOUT = 2_400_000;
const INSTALL_TIMEOUT = 1_200_000;
const TEST_TIMEOUT = 7_200_000;

/** The console of a BIOS is the serial port, so that a test reads and types what a person would on the screen. */
const SERIAL_BIOS = ['-machine', 'graphics=off'];
/** OVMF tries PXE before HTTP, and has both for each card. */
const WITHOUT_PXE = [4, 6].flatMap((version) => [
  '-fw_cfg',
  `name=opt/org.tianocore/IPv${version}PXESupport,string=n`,
]);

const CONFIG = '#cloud-config\nhostname: from-the-net\n';
const INSTALLING = `#cloud-config
install: {auto: true, device: auto, reboot: true}
hostname: installed-from-the-net
users:
  - {name: tester, groups: [admin], passwd: tester}
`;

describe.skipIf(!process.env['KAIROS_FACTORY_TEST_ALL'] || process.getuid?.() !== 0)(
  'machines that boot from serve-netboot, beside the DHCP server of a site',
  () => {
    let directory: string;
    let build: TestBuild;
    let served: string;
    let stem: string;
    let networks: Record<'server' | 'site', NetworkNamespace> & AsyncDisposable;
    let dhcp: ReturnType<typeof startDhcp>;
    let cable: string;

    beforeAll(async () => {
      directory = await mkdtemp(join(TEST_HOME, 'vm-serve-netboot-'));
      const config = join(directory, 'config.yaml');
      await writeFile(config, CONFIG);
      build = await buildDebian({
        output: join(TEST_HOME, 'out-netboot'),
        extra: ['--set', 'sbom=false', '--artifact', 'netboot', '--cloud-config', config],
      });
      served = dirname(build.artifact('netboot'));
      const { artifacts } = build.report.manifest;
      stem = basename(artifacts.find(({ file }) => file.endsWith('.ipxe'))?.file ?? '', '.ipxe');
      networks = await startNetworks(['server', 'site']);
      await networks.server.run('ip', 'addr', 'add', `${ADDRESS}/24`, 'dev', 'lan');
      await networks.site.run('ip', 'addr', 'add', '10.9.0.2/24', 'dev', 'eth0');
      cable = await plugIn(networks.server, 'machine');
      dhcp = startDhcp(networks.site, { range: '10.9.0.50,10.9.0.90,255.255.255.0,1h', directory });
    });
    afterAll(async () => {
      await dhcp?.[Symbol.asyncDispose]();
      await networks?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    });

    /** Starts a machine with a card in the network, and a disk, which the firmware tries first. @param extra arguments for QEMU */
    async function start(
      { firmware, mac, disk }: { readonly firmware: Firmware; readonly mac: string; readonly disk: string },
      extra: readonly string[],
    ): Promise<Guest> {
      const { enter } = networks.server;
      return await startGuest({ artifact: disk, attachment: 'disk', firmware, snapshot: false, enter }, [
        ...['-netdev', cable, '-device', `virtio-net-pci,netdev=machine,mac=${mac},bootindex=2`],
        ...extra,
      ]);
    }
    const emptyDisk = async (name: string, size: string) => {
      const file = join(directory, `${name}.qcow2`);
      await tool('qemu-img', 'create', '-q', '-f', 'qcow2', file, size);
      return file;
    };
    /** What the log says about a machine, without times, addresses, sizes, and what depends on its speed. */
    const stepsOf = (lines: readonly string[], mac: string) =>
      lines
        .filter((line) => line.includes(mac))
        .map((line) => line.replace(/^\S+ {2}\S+ (?:10\.9\.0\.\d+)? */, '').replace(/: [\d.]+ [KMG]iB.*/, ''))
        .filter((line) => !/^(?:loads|continues with|stopped: it) /.test(line))
        // A slow machine asks again.
        .filter((line, index, all) => line !== all[index - 1]);
    /** What follows after iPXE. */
    const loaded = () => [
      'iPXE asks for its script',
      'has amd64.ipxe',
      ...['-kernel', '-initrd', '.squashfs'].map((ending) => `has ${stem}${ending}`),
      `has ${stem}-config.yaml`,
      'has all files, and starts',
    ];

    test.each([
      {
        name: 'a BIOS',
        mac: '52:54:00:12:34:a0',
        firmware: 'bios',
        asks: 'BIOS',
        by: 'undionly.kpxe',
        // The iPXE of QEMU's card hands its name down, which undionly.kpxe drops after one more round.
        again: ['asks for a boot program: BIOS', 'iPXE asks for its script', 'has undionly.kpxe'],
        extra: SERIAL_BIOS,
      },
      {
        name: 'PXE of UEFI',
        mac: '52:54:00:12:34:a1',
        firmware: 'uefi',
        asks: 'UEFI amd64',
        by: 'ipxe.efi',
        again: [],
        extra: [],
      },
      {
        name: 'UEFI HTTP boot',
        mac: '52:54:00:12:34:a2',
        firmware: 'uefi',
        asks: 'UEFI HTTP amd64',
        by: 'ipxe.efi',
        again: [],
        extra: WITHOUT_PXE,
      },
    ] as const)(
      '$name leads to a login',
      async ({ name, mac, firmware, asks, by, again, extra }) => {
        await using service = await startService([served, '--interface', 'lan'], networks.server);
        const disk = await emptyDisk(name.replaceAll(' ', '-'), '1G');
        await using guest = await start({ firmware, mac, disk }, extra);
        if (firmware === 'bios') await asOtherFirmware(guest);
        await guest.login(BOOT_TIMEOUT);
        const line = await guest.run('cat /proc/cmdline');
        expect(line).toContain(`root=live:${URL}/${stem}.squashfs rd.live.sha256=`);
        expect(line).toContain(`BOOTIF=01-${mac.replaceAll(':', '-')} netboot`);
        expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/live_mode');
        const roots = await guest.run('findmnt -no FSTYPE /; findmnt -no FSTYPE /run/rootfsbase');
        expect(roots.split('\n')).toEqual(['overlay', 'squashfs']);
        expect(await guest.run('hostname')).toBe('from-the-net');
        expect(await guest.run('test -d /sys/firmware/efi && echo uefi || echo bios')).toBe(firmware);
        expect(await guest.run('systemctl is-system-running --wait', BOOT_TIMEOUT)).toBe('running');
        const { status, lines, notes } = await service.stop();
        expect(status).toBe(0);
        const first = [`asks for a boot program: ${asks}`, `has ${by}`];
        expect(stepsOf(lines, mac)).toEqual([...first, ...again, ...loaded()]);
        expect(notes).toMatch(new RegExp(`${mac} 10\\.9\\.0\\.\\d+ {2}had all files \\(${asks}\\)`));
      },
      TEST_TIMEOUT,
    );

    test(
      'a machine that stops, because it enforces Secure Boot, is named with the place and the reason',
      async () => {
        const mac = '52:54:00:12:34:a4';
        await using service = await startService([served, '--interface', 'lan'], networks.server);
        const disk = await emptyDisk('secure', '1G');
        await using _guest = await start({ firmware: 'secureboot', mac, disk }, []);
        const stopped =
          /stopped: it got ipxe\.efi [\d ms]+ ago and has not asked for its script\. .*Secure Boot/;
        const own = () => service.lines().filter((line) => line.includes(mac));
        await expect.poll(() => own().join('\n'), { timeout: FIRMWARE_TIMEOUT }).toMatch(stopped);
        expect((await service.stop()).notes).toMatch(
          new RegExp(`${mac} 10\\.9\\.0\\.\\d+ {2}got as far as ipxe\\.efi \\(UEFI amd64\\)`),
        );
      },
      TEST_TIMEOUT,
    );

    test.each([
      // The iPXE in the card is the one that asks.
      { firmware: 'bios', mac: '52:54:00:12:34:b0', first: [], extra: SERIAL_BIOS },
      {
        firmware: 'uefi',
        mac: '52:54:00:12:34:b1',
        first: ['asks for a boot program: UEFI amd64', 'has ipxe.efi'],
        extra: [],
      },
    ] as const)(
      'a machine with $firmware installs itself from there, and starts from its disk after that',
      async ({ firmware, mac, first, extra }) => {
        const config = join(directory, 'install.yaml');
        await writeFile(config, INSTALLING);
        const options = ['--interface', 'lan', '--cloud-config', config];
        await using service = await startService([served, ...options], networks.server);
        const disk = await emptyDisk(`installed-${firmware}`, '16G');
        await using guest = await start({ firmware, mac, disk }, extra);
        await guest.waitFor(/reboot: Restarting system/, BOOT_TIMEOUT + INSTALL_TIMEOUT);
        await guest.rebooted(BOOT_TIMEOUT);
        expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/active_mode');
        expect(await guest.run('hostname')).toBe('installed-from-the-net');
        expect(await guest.run('cat /proc/cmdline')).not.toContain('netboot');
        expect(await guest.run('systemctl is-system-running --wait', BOOT_TIMEOUT)).toBe('running');
        const { lines } = await service.stop();
        expect(stepsOf(lines, mac)).toEqual([
          ...first,
          ...loaded().map((step) => step.replace(/\S+-config\.yaml/, 'cloud-config.yaml')),
        ]);
      },
      TEST_TIMEOUT,
    );
  },
);

/** The network boot of QEMU's card is an iPXE, too: it says so to DHCP servers, unless it has another name. */
async function asOtherFirmware(guest: Guest): Promise<void> {
  await guest.waitFor(/Press Ctrl-B for the iPXE command line/, FIRMWARE_TIMEOUT);
  guest.type('\x02');
  await guest.waitFor(/iPXE> /, FIRMWARE_TIMEOUT);
  for (const line of ['set user-class firmware', 'autoboot']) {
    // A BIOS remembers 15 keys at most.
    for (const key of line) {
      guest.type(key);
      await guest.waitFor(new RegExp(key), FIRMWARE_TIMEOUT);
    }
    guest.type('\r');
  }
}
