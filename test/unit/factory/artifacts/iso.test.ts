import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ArtifactInputs } from '../../../../src/factory/artifacts/artifact.ts';
import { iso } from '../../../../src/factory/artifacts/iso.ts';
import { readPartitions } from '../../../../src/factory/inspect/diff/partition-table.ts';
import { extractFat } from '../../../../src/factory/tools/fat.ts';
import { extractIso } from '../../../../src/factory/tools/xorriso.ts';
import { tool } from '../../../support/tool.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import {
  artifactContext,
  artifactInputs,
  artifactsSpec,
  plantBiosModules,
  plantBootFiles,
  type StepFiles,
  subdirectory,
} from './support/inputs.ts';
import { realRunner, withoutGrub } from './support/runner.ts';

const MIB = 1024 * 1024;

async function makeIso(
  plan: (home: string) => StepFiles,
  change: (home: string) => Partial<ArtifactInputs> = () => ({}),
) {
  const home = temporaryDirectory();
  plant(home, { 'rootfs.squashfs': 'hsqs' });
  const files = { ...plan(home), 'squashfs/squashfs': join(home, 'rootfs.squashfs') };
  const { runner } = withoutGrub(40_000);
  const output = join(home, 'os.iso');
  const scratch = subdirectory(home, 'scratch');
  await iso.make(artifactInputs(files, change(home)), artifactContext({ runner, scratch, output }));
  const open = async () => {
    const directory = join(home, 'open');
    await extractIso(realRunner(), output, directory);
    return directory;
  };
  return { output, open, home };
}

const fromUefi = (home: string) => plantBootFiles(home);
const fromBoth = (home: string) => ({ ...plantBootFiles(home), 'boot/biosModules': plantBiosModules(home) });
const withoutShim = (files: StepFiles): StepFiles =>
  Object.fromEntries(Object.entries(files).filter(([name]) => name !== 'boot/shim'));
const bootRecord = (file: string) => tool('xorriso', '-indev', file, '-report_el_torito', 'plain');
const read = (root: string, path: string) => readFileSync(join(root, path), 'utf8');

describe('the ISO', () => {
  test('has kernel, initramfs, root filesystem and menu where the live system looks for them', async () => {
    const { open, output } = await makeIso(fromBoth);
    const root = await open();
    expect(read(root, 'boot/kernel')).toBe('this is kernel\n');
    expect(read(root, 'boot/initrd')).toBe('this is initrd\n');
    expect(read(root, 'rootfs.squashfs')).toBe('hsqs');
    for (const stub of ['boot/grub/grub.cfg', 'EFI/BOOT/grub.cfg', 'EFI/debian/grub.cfg'])
      expect(read(root, stub), stub).toContain('search --no-floppy --file /boot/kernel');
    expect(await tool('blkid', '-p', '-o', 'value', '-s', 'LABEL', output)).toContain('COS_LIVE');
  });

  test('has a menu with the consoles of the board and without placeholders', async () => {
    const { open } = await makeIso(fromUefi, () => ({
      board: { consoles: ['ttyS0', 'ttyAMA0'], arguments: ['quiet'] },
    }));
    const menu = read(await open(), 'boot/grub2/grub.cfg');
    expect(menu).toContain('console=ttyS0 console=ttyAMA0 console=tty1 quiet');
    expect(menu).toContain('selinux=0');
    expect(menu).not.toMatch(/@[A-Z_]+@/);
  });

  test('keeps the SELinux arguments of the image', async () => {
    const { open } = await makeIso(fromUefi, () => {
      const { facts } = artifactInputs({});
      return { facts: { ...facts, selinux: 'selinux=1 enforcing=0' } };
    });
    expect(read(await open(), 'boot/grub2/grub.cfg')).toContain('selinux=1 enforcing=0');
  });

  test.each<[string, (home: string) => StepFiles, string[]]>([
    ['BIOS and UEFI', fromBoth, ['BIOS', 'UEFI']],
    ['UEFI alone', fromUefi, ['UEFI']],
    ['BIOS alone', (home) => withoutShim(fromBoth(home)), ['BIOS']],
  ])('boots from %s, depending on the boot loaders of the image', async (_, plan, platforms) => {
    const { output } = await makeIso(plan);
    const lines = (await bootRecord(output)).matchAll(/^El Torito boot img :\s+\d+\s+(\w+)/gm);
    expect([...lines].map(([, platform]) => platform)).toEqual(platforms);
  });

  test('is refused when the image has no GRUB at all', async () => {
    const error = await failureOf(() => makeIso((home) => withoutShim(fromUefi(home))), 'step');
    expect(error.message).toContain('no boot loader for an ISO');
    expect(error.remedy).toContain('grub-efi-amd64-signed');
  });

  test('has an ESP in its partition table with the live GRUB and enough space', async () => {
    const { output, home } = await makeIso((source) => {
      const files = fromUefi(source);
      plant(source, { 'boot/shim': Buffer.alloc(5 * MIB, 1) });
      return files;
    });
    const esp = (await readPartitions(output)).find(({ size }) => size === 8 * MIB);
    expect(esp).toBeDefined();
    const directory = subdirectory(home, 'esp');
    await extractFat(realRunner(), { file: output, offset: esp?.start ?? 0 }, directory);
    expect(read(directory, 'EFI/BOOT/grubx64.efi')).toBe('this is grubLive\n');
    expect(statSync(join(directory, 'EFI/BOOT/BOOTX64.EFI')).size).toBe(5 * MIB);
  });

  test('contains the cloud-config, and the overlay overrides everything else', async () => {
    const { open } = await makeIso(fromUefi, (home) => {
      plant(home, { 'c.yaml': '#cloud-config\n', 'over/extra/file': 'extra', 'over/boot/initrd': 'mine' });
      const spec = artifactsSpec({ cloudConfig: join(home, 'c.yaml'), overlayIso: join(home, 'over') });
      return { spec };
    });
    const root = await open();
    expect(read(root, 'config.yaml')).toBe('#cloud-config\n');
    expect(read(root, 'extra/file')).toBe('extra');
    expect(read(root, 'boot/initrd')).toBe('mine');
    expect(readdirSync(join(root, 'boot'))).toContain('kernel');
  });

  test('is reproducible byte for byte', async () => {
    const one = await makeIso(fromBoth);
    const two = await makeIso(fromBoth);
    await expect(tool('cmp', one.output, two.output)).resolves.toBe('');
  });
});
