import { describe, expect, test } from 'vitest';
import { parseOsRelease } from '../../../../src/common/contract/os-release.ts';
import {
  renderLayoutEnvironment,
  requiredDirectories,
} from '../../../../src/common/contract/system-layout.ts';

/** The list in docs/contract.md 2.6, verbatim. */
const PERSISTENT =
  '/etc/cni /etc/init.d /etc/iscsi /etc/k0s /etc/kubernetes /etc/modprobe.d /etc/pwx /etc/rancher /etc/runlevels /etc/ssh /etc/ssl/certs /etc/sysconfig /etc/systemd /etc/zfs /home /opt /root /usr/libexec /var/cores /var/lib/ca-certificates /var/lib/cni /var/lib/containerd /var/lib/calico /var/lib/dbus /var/lib/etcd /var/lib/extensions /var/lib/confexts /var/lib/k0s /var/lib/kubelet /var/lib/longhorn /var/lib/osd /var/lib/rancher /var/lib/rook /var/lib/tailscale /var/lib/wicked /var/lib/kairos /var/log';

describe('requiredDirectories', () => {
  test('has every path of the contract and of the family, once each, sorted', () => {
    const directories = requiredDirectories(['/snap', '/var/snap', '/home']);
    expect(directories).toEqual([...new Set(directories)].sort());
    expect(directories).toEqual(
      expect.arrayContaining([
        ...PERSISTENT.split(' '),
        ...['/var', '/etc', '/srv', '/run', '/dev', '/boot', '/usr/local', '/oem', '/proc', '/sys', '/tmp'],
        ...['/system/oem', '/usr/local/cloud-config', '/snap', '/var/snap'],
      ]),
    );
  });
});

describe('renderLayoutEnvironment', () => {
  test('writes the defaults of the contract for active and passive', () => {
    expect(Object.fromEntries(parseOsRelease(renderLayoutEnvironment([])))).toEqual({
      VOLUMES: 'LABEL=COS_PERSISTENT:/usr/local',
      OVERLAY: 'tmpfs:25%',
      RW_PATHS: '/var /etc /srv',
      PERSISTENT_STATE_PATHS: PERSISTENT,
      PERSISTENT_STATE_TARGET: '/usr/local/.state',
    });
  });

  test('appends the paths of the family', () => {
    const paths = parseOsRelease(renderLayoutEnvironment(['/snap', '/var/snap'])).get(
      'PERSISTENT_STATE_PATHS',
    );
    expect(paths).toBe(`${PERSISTENT} /snap /var/snap`);
  });
});
