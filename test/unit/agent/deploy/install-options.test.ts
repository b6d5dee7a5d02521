import { describe, expect, test } from 'vitest';
import { diskSizes, installOptions } from '../../../../src/agent/deploy/install-options.ts';
import { systemPartitions } from '../../../../src/common/contract/partitions.ts';

describe('installOptions', () => {
  test('default to the values of the contract', () => {
    expect(installOptions({})).toMatchObject({
      device: 'auto',
      source: undefined,
      noFormat: false,
      extraPartitions: [],
      grubOptions: {},
      finish: undefined,
    });
  });

  test('come from the keys of install', () => {
    const options = installOptions({
      grub_options: { extra_cmdline: 'quiet', next_entry: 'recovery' },
      bundles: [{ targets: ['run://a'] }],
      install: {
        device: '/dev/sda',
        source: 'oci:registry/os:v1',
        'no-format': true,
        reboot: true,
        partitions: { oem: { size: 100, fs: 'ext4' }, persistent: { size: 5000, fs: 'xfs' } },
        'extra-partitions': [
          { name: 'data', size: 100, label: 'DATA' },
          { name: 'raw', size: 10, fs: '-' },
        ],
        grub_options: { extra_cmdline: 'debug' },
        bundles: [{ targets: ['run://b'] }],
        bind_mounts: ['/var/data'],
        'grub-entry-name': 'My OS',
        'allow-insecure-registries': true,
      },
    });
    expect(options).toMatchObject({
      device: '/dev/sda',
      source: 'oci:registry/os:v1',
      noFormat: true,
      sizes: { oem: 100, persistent: 5000 },
      filesystems: { oem: 'ext4', persistent: 'xfs' },
      extraPartitions: [
        { name: 'data', filesystem: 'ext2', label: 'DATA', mib: 100 },
        { name: 'raw', mib: 10 },
      ],
      // The more specific block wins.
      grubOptions: { extra_cmdline: 'debug', next_entry: 'recovery' },
      bundles: [{ targets: ['run://a'] }, { targets: ['run://b'] }],
      bindMounts: ['/var/data'],
      menuEntry: 'My OS',
      insecure: true,
      finish: 'reboot',
    });
    expect(options.extraPartitions[1]).not.toHaveProperty('filesystem');
  });

  test('image is an old name of source', () => {
    expect(installOptions({ install: { image: 'dir:/x' } }).source).toBe('dir:/x');
  });

  test('uri is an old name of the source of an image', () => {
    const install = { system: { uri: 'dir:/x' }, 'recovery-system': { uri: 'dir:/y' } };
    expect(installOptions({ install })).toMatchObject({ source: 'dir:/x', recoverySource: 'dir:/y' });
  });

  test('refuse an extra partition without a name', () => {
    expect(() => installOptions({ install: { 'extra-partitions': [{ size: 5 }] } })).toThrow(/has no name/);
  });
});

test('diskSizes plans raw images and installations alike', () => {
  const sizes = diskSizes(installOptions({ install: { partitions: { state: { size: 9000 } } } }), {
    systemImage: 1000,
    recoveryImage: 1000,
    arch: 'amd64',
  });
  const mib = Object.fromEntries(systemPartitions(sizes).map((entry) => [entry.name, entry.mib]));
  const arm = systemPartitions(
    diskSizes(installOptions({}), { systemImage: 1000, recoveryImage: 1000, arch: 'arm64' }),
  );
  expect(arm.map(({ name }) => name)).toEqual(['efi', 'oem', 'recovery', 'state', 'persistent']);
  expect(mib).toEqual({ bios: 1, efi: 64, oem: 64, recovery: 2200, state: 9000, persistent: 0 });
});
