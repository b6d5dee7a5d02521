import { describe, expect, test } from 'vitest';
import { networkStep } from '../../../../../src/agent/stages/builtin/network.ts';
import { type TestHostOptions, testHost } from '../../support/test-host.ts';

const NETWORKD = '/run/systemd/network';
const CONNMAN = '/var/lib/connman/kairos-kernel.config';
const WIFI = '/lib/systemd/system/wpa_supplicant@.service';

async function placed(line: string, { files = {}, ...options }: TestHostOptions = {}) {
  const host = await testHost({
    missing: ['connmand'],
    ...options,
    files: { '/proc/cmdline': `${line}\n`, ...files },
  });
  await networkStep.run(host);
  return host;
}

describe('the network before the system starts', () => {
  test('comes from the kernel command line, for each program that may configure it', async () => {
    await using host = await placed('quiet ip=192.0.2.10::192.0.2.1:24::eth0:none');
    expect(await host.readText(`${NETWORKD}/10-kernel-eth0.network`)).toContain('Address=192.0.2.10/24');
    const profile = '/run/NetworkManager/system-connections/kernel-eth0.nmconnection';
    expect((await host.stat(profile))?.mode).toBe(0o600);
    // systemd's own program for these arguments fails for some of them. A directory "system" would say that systemd runs.
    expect(await host.list('/run/systemd')).not.toContain('system');
    expect(await host.readLink('/run/systemd/system.control/systemd-network-generator.service')).toBe(
      '/dev/null',
    );
  });

  test('comes from the medium and from OEM, whose files win', async () => {
    await using host = await placed('quiet', {
      files: {
        '/run/initramfs/live/network/10-lan.network': 'medium',
        '/run/initramfs/live/network/site.nmconnection': 'secret',
        '/run/initramfs/live/network/README': 'x',
        '/oem/network/10-lan.network': 'oem',
        '/oem/network/wpa_supplicant-wlan0.conf': 'psk',
        [WIFI]: '[Unit]',
      },
    });
    expect(await host.readText(`${NETWORKD}/10-lan.network`)).toBe('oem');
    expect((await host.stat('/run/NetworkManager/system-connections/site.nmconnection'))?.mode).toBe(0o600);
    expect((await host.stat('/etc/wpa_supplicant/wpa_supplicant-wlan0.conf'))?.mode).toBe(0o600);
    expect(
      await host.readLink('/etc/systemd/system/multi-user.target.wants/wpa_supplicant@wlan0.service'),
    ).toBe(WIFI);
    expect(host.logged).toEqual([expect.stringContaining('network/README is of no known kind')]);
  });

  test('leaves a machine without either alone', async () => {
    await using host = await placed('quiet');
    expect(await host.list('/run')).toEqual([]);
    expect(host.logged).toEqual([]);
  });

  test('for arguments without an interface, is that of the card that the initramfs used', async () => {
    const files = { '/run/initramfs/network-card': '52:54:00:00:00:02\n' };
    await using host = await placed('netboot ip=192.0.2.10::192.0.2.1:24', { files });
    expect(await host.readText(`${NETWORKD}/10-kernel-52-54-00-00-00-02.network`)).toContain(
      'Address=192.0.2.10/24',
    );
  });

  test('a malformed argument is a warning', async () => {
    await using host = await placed('ip=nonsense');
    expect(host.logged).toEqual([expect.stringMatching(/^warn kernel command line: ip=nonsense/)]);
  });

  test('for connman, goes with the argument', async () => {
    await using host = await placed('ip=eth0:dhcp vlan=v5:eth0', { missing: [] });
    expect(await host.readText(CONNMAN)).toContain('DeviceName=eth0');
    expect(host.logged.join()).toContain('connman makes no VLANs');
    await host.write('/proc/cmdline', 'quiet\n');
    await networkStep.run(host);
    expect(await host.stat(CONNMAN)).toBeUndefined();
  });

  test('Wi-Fi without its program is a warning', async () => {
    await using host = await placed('quiet', { files: { '/oem/network/wpa_supplicant-wlan0.conf': 'psk' } });
    expect(host.logged).toEqual([expect.stringContaining('add the package wpasupplicant')]);
  });
});
