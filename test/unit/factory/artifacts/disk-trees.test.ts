import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseGrubEnvironment } from '../../../../src/common/contract/grub-environment.ts';
import { stagePartitions } from '../../../../src/factory/artifacts/disk-trees.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import {
  artifactInputs,
  artifactsSpec,
  EPOCH,
  plantBootFiles,
  type StepFiles,
  subdirectory,
} from './support/inputs.ts';

/** Offset of the label in an ext filesystem (kernel documentation, "The Super Block"). */
const LABEL_START = 1024 + 0x78;
const MENU_MODULES = ['loopback', 'squash4', 'xzio', 'gzio', 'regexp'];

/** Stages partitions with a slot image that consists of a label. */
async function stage(more: (home: string) => StepFiles = () => ({}), cloudConfig?: string) {
  const home = temporaryDirectory();
  const slot = Buffer.alloc(4096);
  slot.write('COS_ACTIVE', LABEL_START);
  writeFileSync(join(home, 'slot.img'), slot);
  const files = { ...plantBootFiles(home), 'slot-image/image': join(home, 'slot.img'), ...more(home) };
  let spec = artifactsSpec();
  if (cloudConfig !== undefined) {
    plant(home, { 'config.yaml': cloudConfig });
    spec = artifactsSpec({ cloudConfig: join(home, 'config.yaml') });
  }
  return stagePartitions(artifactInputs(files, { spec }), subdirectory(home, 'scratch'));
}

const labelOf = (file: string) =>
  readFileSync(file)
    .toString('latin1', LABEL_START, LABEL_START + 16)
    .replace(/\0+$/, '');

describe('stagePartitions', () => {
  test('puts the same system into three slots, each with its own label', async () => {
    const { state, recovery } = await stage();
    expect(labelOf(join(state, 'cOS/active.img'))).toBe('COS_ACTIVE');
    expect(labelOf(join(state, 'cOS/passive.img'))).toBe('COS_PASSIVE');
    expect(labelOf(join(recovery, 'cOS/recovery.img'))).toBe('COS_SYSTEM');
  });

  test('leaves the persistent partition empty', async () => {
    expect(readdirSync((await stage()).persistent)).toEqual([]);
  });

  test('copies the menu of the image, readable by everybody', async () => {
    const { state } = await stage();
    expect(readFileSync(join(state, 'grub2/grub.cfg'), 'utf8')).toBe('this is grubConfig\n');
    expect(readFileSync(join(state, 'grubmenu'), 'utf8')).toBe('this is grubMenu\n');
    expect(statSync(join(state, 'grubmenu')).mode & 0o777).toBe(0o644);
  });

  test('copies fonts and modules of GRUB only if the image has them', async () => {
    expect(readdirSync(join((await stage()).state, 'grub2'))).not.toContain('fonts');
    const { state } = await stage((home) => {
      plant(home, Object.fromEntries(MENU_MODULES.map((name) => [`efi/${name}.mod`, name])));
      plant(home, { 'unicode.pf2': 'font' });
      return { 'boot/efiModules': join(home, 'efi'), 'boot/font-unicode': join(home, 'unicode.pf2') };
    });
    expect(readdirSync(join(state, 'grub2/fonts'))).toEqual(['unicode.pf2']);
    expect(readdirSync(join(state, 'grub2/x86_64-efi')).sort()).toEqual(
      MENU_MODULES.map((name) => `${name}.mod`).sort(),
    );
  });

  test('copies the cloud-config, and restricts who can read it', async () => {
    const { oem } = await stage(undefined, '#cloud-config\n');
    const file = join(oem, '90_custom.yaml');
    expect(readFileSync(file, 'utf8')).toBe('#cloud-config\n');
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });

  test('writes no cloud-config if none is given', async () => {
    expect(readdirSync((await stage()).oem)).toEqual(['grubenv']);
  });

  test('sets the variables of the boot menu from the cloud-config', async () => {
    const config =
      'grub_options: {extra_cmdline: quiet, saved_entry: cos}\ninstall: {nousers: true, grub_options: {extra_cmdline: debug}}\n';
    const { oem } = await stage(undefined, `#cloud-config\n${config}`);
    expect([...parseGrubEnvironment(readFileSync(join(oem, 'grubenv')))]).toEqual([
      ['extra_cmdline', 'debug'],
      ['saved_entry', 'cos'],
    ]);
  });

  test('gives all files the timestamp of the image', async () => {
    const { oem, state } = await stage();
    for (const path of [oem, join(oem, 'grubenv'), join(state, 'cOS')])
      expect(statSync(path).mtimeMs, path).toBe(EPOCH * 1000);
  });
});
