import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { BOOT_CODE_SIZE, coreImageStart } from '../../../../src/common/contract/boot-loader.ts';
import { dumpExt } from '../../../../src/factory/tools/debugfs.ts';
import { extractFat } from '../../../../src/factory/tools/fat.ts';
import { MKE2FS } from '../../../../src/factory/tools/mke2fs.ts';
import type { Runner } from '../../../../src/factory/tools/runner.ts';
import { tool } from '../../../support/tool.ts';
import { failureOf } from '../../support/failure.ts';
import { sharedDirectory, temporaryDirectory } from '../../support/temporary.ts';
import { makeDisk, startOf, type TestDisk } from './support/disk.ts';
import { EPOCH, plantBiosModules, plantBootFiles, type StepFiles, subdirectory } from './support/inputs.ts';
import { realRunner, withoutGrub } from './support/runner.ts';

const MIB = 1024 * 1024;

const bootFiles = (home: string): StepFiles => ({
  ...plantBootFiles(home),
  'boot/biosModules': plantBiosModules(home),
});
const without = (files: StepFiles, name: string): StepFiles =>
  Object.fromEntries(Object.entries(files).filter(([each]) => each !== name));

describe('a raw disk for BIOS and UEFI', () => {
  const home = sharedDirectory();
  let disk: TestDisk;
  beforeAll(async () => {
    disk = await makeDisk(home, bootFiles(home));
  });

  test('has the partitions of the contract, and a table that sgdisk accepts', async () => {
    const names = ['bios', 'efi', 'oem', 'recovery', 'state', 'persistent'];
    expect(disk.partitions.map(({ name }) => name)).toEqual(names);
    expect(await tool('sgdisk', '--verify', disk.output)).toContain('No problems found');
    const last = disk.partitions.at(-1) ?? { start: 0, size: 0 };
    expect(statSync(disk.output).size).toBe(last.start + last.size + MIB);
  });

  test('has a valid filesystem with its own label in each partition', async () => {
    for (const [name, label] of Object.entries({
      oem: 'COS_OEM',
      recovery: 'COS_RECOVERY',
      state: 'COS_STATE',
      persistent: 'COS_PERSISTENT',
    })) {
      const place = `${disk.output}?offset=${startOf(disk, name)}`;
      await tool('e2fsck', '-f', '-n', place);
      const facts = await tool('dumpe2fs', '-h', place);
      expect(facts, name).toMatch(new RegExp(`^Filesystem volume name:\\s+${label}$`, 'm'));
    }
  });

  test('contains the system in its slots', async () => {
    const state = subdirectory(home, 'state');
    await dumpExt(realRunner(), { file: disk.output, offset: startOf(disk, 'state') }, state);
    expect(readFileSync(join(state, 'cOS/active.img')).equals(readFileSync(disk.slot))).toBe(true);
    expect(readFileSync(join(state, 'grub2/grub.cfg'), 'utf8')).toBe('this is grubConfig\n');
  });

  test('has the boot loader of the image on the ESP, which continues on the state partition', async () => {
    const esp = subdirectory(home, 'esp');
    await extractFat(realRunner(), { file: disk.output, offset: startOf(disk, 'efi') }, esp);
    expect(readFileSync(join(esp, 'EFI/BOOT/BOOTX64.EFI'), 'utf8')).toBe('this is shim\n');
    expect(readFileSync(join(esp, 'EFI/BOOT/grubx64.efi'), 'utf8')).toBe('this is grub\n');
    expect(readFileSync(join(esp, 'EFI/debian/grub.cfg'), 'utf8')).toContain('COS_STATE');
  });

  test('has boot code that points to the BIOS partition', async () => {
    await using handle = await open(disk.output);
    const { buffer } = await handle.read(Buffer.alloc(BOOT_CODE_SIZE), 0, BOOT_CODE_SIZE, 0);
    expect(coreImageStart(buffer)).toBe(startOf(disk, 'bios'));
  });

  test('is reproducible, up to the metadata of the large partitions', async () => {
    const again = temporaryDirectory();
    const { output } = await makeDisk(again, bootFiles(again));
    // Reading the whole disk takes half a minute; test/integration/reproducible.test.ts does that.
    const end = startOf(disk, 'recovery') + 4 * MIB;
    await expect(tool('cmp', `--bytes=${end}`, disk.output, output)).resolves.toBe('');
    const times = await tool('debugfs', '-R', 'stat /grubenv', `${output}?offset=${startOf(disk, 'oem')}`);
    expect(times).toContain(`mtime: 0x${EPOCH.toString(16)}`);
  });
});

describe('a raw disk of an image that lacks a boot loader', () => {
  /** Stops before the filesystems are made, which would take seconds: all notices have been given by then. */
  async function noticesFor(missing: string): Promise<string[]> {
    const { runner } = withoutGrub(3000);
    const run: Runner['run'] = async (program, ...rest) => {
      if (program === MKE2FS && notices.length > 0) throw new Error('far enough');
      return runner.run(program, ...rest);
    };
    const notices: string[] = [];
    const home = temporaryDirectory();
    const making = makeDisk(home, without(bootFiles(home), missing), {
      runner: { ...runner, run },
      notice: (text) => notices.push(text),
    });
    await expect(making).rejects.toThrow('far enough');
    return notices;
  }

  test.each([
    ['BIOS', 'boot/biosModules', 'the disk boots from UEFI only'],
    ['UEFI', 'boot/shim', 'the disk boots from BIOS only'],
  ])('for %s gives a notice', async (_, missing, text) => {
    expect(await noticesFor(missing)).toEqual([expect.stringContaining(text)]);
  });

  test('for UEFI is refused on arm64, which has no BIOS, and the remedy names the packages to install', async () => {
    const home = temporaryDirectory();
    const files = without(plantBootFiles(home), 'boot/shim');
    const error = await failureOf(() => makeDisk(home, files, { change: { arch: 'arm64' } }), 'step');
    expect(error.message).toContain('no boot loader for a disk');
    expect(error.remedy).toContain('grub-efi-arm64-signed');
  });
});
