import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BOOT_CODE_SIZE,
  CORE_LIMIT,
  CORE_SLOTS,
  coreImageStart,
  linkBiosImages,
  signedNames,
  usableModules,
  vendorDirectories,
} from '../../../../src/common/contract/boot-loader.ts';
import { MIB } from '../../../../src/common/contract/partitions.ts';

test('each image gets the location of the other (GRUB, kernel.img block list and boot.img)', () => {
  const { bootCode, core } = linkBiosImages(Buffer.alloc(512, 1), Buffer.alloc(1000, 2), MIB);
  expect(bootCode).toHaveLength(BOOT_CODE_SIZE);
  expect(coreImageStart(bootCode)).toBe(MIB);
  expect(bootCode.subarray(0x66, 0x68)).toEqual(Buffer.from([0x90, 0x90]));
  expect([core.readBigUInt64LE(500), core.readUInt16LE(508), core.readUInt16LE(510)]).toEqual([
    BigInt(MIB / 512 + 1),
    1,
    0x820,
  ]);
  expect(core).toHaveLength(1000);
});

test('the start of the core image can be read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (sector) => {
      const { bootCode } = linkBiosImages(Buffer.alloc(512), Buffer.alloc(512), sector * 512);
      expect(coreImageStart(bootCode)).toBe(sector * 512);
    }),
  );
});

test('two core images fit into the BIOS partition', () => {
  expect(CORE_SLOTS[1] - CORE_SLOTS[0]).toBeGreaterThanOrEqual(CORE_LIMIT);
  expect(CORE_SLOTS[1] + CORE_LIMIT).toBeLessThanOrEqual(MIB);
});

test('the signed programs of a distribution get the names by which they load each other (docs/contract.md 1.4)', () => {
  expect(signedNames('debian', 'amd64')).toEqual({ grub: 'grubx64.efi', mokManager: 'mmx64.efi' });
  expect(signedNames('rocky', 'arm64')).toEqual({ grub: 'grubaa64.efi', mokManager: 'mmaa64.efi' });
  const suse = { grub: 'grub.efi', mokManager: 'MokManager.efi' };
  expect(signedNames('opensuse-leap', 'amd64')).toEqual(suse);
  expect(signedNames('opensuse-tumbleweed', 'arm64')).toEqual(suse);
});

test('an optional module is omitted if GRUB lacks it; any other is requested', () => {
  expect(usableModules(['normal', 'smbios', 'linux'], ['normal.mod', 'boot.img'])).toEqual([
    'normal',
    'linux',
  ]);
  expect(usableModules(['smbios'], ['smbios.mod'])).toEqual(['smbios']);
});

test.each([
  ['debian', '', ['debian']],
  ['raspbian', 'debian', ['raspbian', 'debian']],
  ['linuxmint', 'ubuntu debian', ['linuxmint', 'ubuntu', 'debian']],
  ['rocky', 'rhel centos fedora', ['rocky', 'redhat', 'centos', 'fedora']],
  ['ol', 'fedora', ['redhat', 'fedora']],
  ['opensuse-leap', 'suse opensuse', ['opensuse', 'suse']],
  ['constructor', '', ['constructor']],
  // The ID of a base becomes a path on the system partition, where EFI/boot is already in use.
  ['../x', 'boot a/b debian', ['debian']],
])('the signed GRUB of %s (like "%s") may look into %j', (id, like, directories) => {
  expect(vendorDirectories(id, like)).toEqual(directories);
});
