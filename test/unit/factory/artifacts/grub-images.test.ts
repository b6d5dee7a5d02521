import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  BOOT_CODE_SIZE,
  CORE_LIMIT,
  coreImageStart,
  INSTALLED_STUB,
  LIVE_STUB,
} from '../../../../src/common/contract/boot-loader.ts';
import type { Partition } from '../../../../src/common/contract/partitions.ts';
import { embedBiosGrub, makeEfiGrub, makeElTorito } from '../../../../src/factory/artifacts/grub-images.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { plantBiosModules, subdirectory } from './support/inputs.ts';
import { withoutGrub } from './support/runner.ts';

const MIB = 1024 * 1024;
const BIOS: Partition = { name: 'bios', type: '', guid: '', attributes: [], start: MIB, size: MIB };

function setUp(size: number) {
  const home = temporaryDirectory();
  const { runner, calls } = withoutGrub(size);
  return {
    runner,
    calls,
    modules: plantBiosModules(home),
    scratch: subdirectory(home, 'scratch'),
    output: join(home, 'output'),
    disk: join(plant(home, { disk: Buffer.alloc(3 * MIB, 0xee) }), 'disk'),
  };
}

/** The value of an option of grub-mkimage. */
const option = (args: readonly string[] = [], name: string) => args[args.indexOf(name) + 1] ?? '';

describe('GRUB on a disk for BIOS', () => {
  const embed = (size: number) => {
    const { runner, calls, modules, scratch, disk } = setUp(size);
    const work = embedBiosGrub(disk, BIOS, { runner, modules, scratch });
    return { work, calls, disk };
  };

  test('has boot code in the first sector that points to the core image in the BIOS partition', async () => {
    const { work, disk } = embed(5000);
    await work;
    const bytes = readFileSync(disk);
    expect(bytes[0]).toBe(0xab);
    expect(coreImageStart(bytes.subarray(0, BOOT_CODE_SIZE))).toBe(MIB);
    expect(bytes.toString('latin1', MIB, MIB + 4)).toBe('GRUB');
    // The sectors of the core image after its first.
    expect(bytes.readUInt16LE(MIB + 508)).toBe(9);
  });

  test('changes neither the partition table nor other bytes of the disk', async () => {
    const { work, disk } = embed(5000);
    await work;
    const bytes = readFileSync(disk);
    const others = [bytes.subarray(BOOT_CODE_SIZE, MIB), bytes.subarray(MIB + 5000)];
    expect(others.map((part) => part.every((byte) => byte === 0xee))).toEqual([true, true]);
  });

  test('continues on the state partition, and includes the modules that the image has', async () => {
    const { work, calls } = embed(5000);
    await work;
    const [args = []] = calls;
    expect(option(args, '-O')).toBe('i386-pc');
    expect(option(args, '-p')).toBe('/grub2');
    expect(readFileSync(option(args, '-c'), 'utf8')).toBe(INSTALLED_STUB);
    expect(args).toEqual(expect.arrayContaining(['biosdisk', 'normal', 'linux', 'smbios']));
    // Optional, and missing from the directory.
    expect(args).not.toContain('lzopio');
  });

  test('may have exactly the size that BIOS can load', async () => {
    await expect(embed(CORE_LIMIT).work).resolves.toBeUndefined();
  });

  test('is refused one byte above that size, before the disk is changed', async () => {
    const { work, disk } = embed(CORE_LIMIT + 1);
    const error = await failureOf(() => work, 'step');
    expect(error.message).toContain(`${CORE_LIMIT + 1} bytes`);
    expect(readFileSync(disk).every((byte) => byte === 0xee)).toBe(true);
  });
});

test('the El Torito image of an ISO finds the medium by its kernel', async () => {
  const { runner, calls, modules, scratch, output } = setUp(100);
  await makeElTorito(output, { runner, modules, scratch });
  const [args = []] = calls;
  expect([option(args, '-O'), option(args, '-p')]).toEqual(['i386-pc-eltorito', '/boot/grub2']);
  expect(readFileSync(option(args, '-c'), 'utf8')).toBe(LIVE_STUB);
  expect(readFileSync(output)).toHaveLength(100);
});

test.each([
  ['amd64', 'x86_64-efi', 'efi_uga', ['efi_gop']],
  ['arm64', 'arm64-efi', 'biosdisk', ['efi_gop']],
] as const)(
  'the unsigned GRUB for UEFI of %s is a program for that machine',
  async (arch, format, absent, present) => {
    const { runner, calls, modules, scratch, output } = setUp(100);
    await makeEfiGrub(output, { arch, stub: 'the stub' }, { runner, modules, scratch });
    const [args = []] = calls;
    expect(option(args, '-O')).toBe(format);
    expect(readFileSync(option(args, '-c'), 'utf8')).toBe('the stub');
    expect(args).toEqual(expect.arrayContaining([...present]));
    expect(args).not.toContain(absent);
  },
);
