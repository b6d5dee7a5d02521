import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, truncate, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ARCHITECTURES } from '../../common/contract/architectures.ts';
import { ASSESSMENT, ASSESSMENT_HOOK, ASSESSMENT_SCRIPT } from '../../common/contract/boot-assessment.ts';
import { INSTALLED_STUB, MENU_MODULES } from '../../common/contract/boot-loader.ts';
import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import { LABEL } from '../../common/contract/labels.ts';
import {
  type DiskLayout,
  type Partition,
  partitionNamed,
  planDisk,
  type SystemPartition,
} from '../../common/contract/partitions.ts';
import { slotImageSize } from '../../common/contract/slot-size.ts';
import { uuidFromSeed } from '../../common/contract/uuid.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { stampTree } from '../../common/files/walk-tree.ts';
import { MCOPY, MKFS_FAT, makeFat } from '../tools/fat.ts';
import { GRUB_MKIMAGE } from '../tools/grub-mkimage.ts';
import { MKE2FS, mke2fs } from '../tools/mke2fs.ts';
import { SGDISK, writePartitionTable } from '../tools/sgdisk.ts';
import type { Artifact, ArtifactContext, ArtifactInputs } from './artifact.ts';
import { espEntries } from './esp.ts';
import { setExtLabel } from './ext-label.ts';
import { setInodeTimes } from './ext-times.ts';
import { embedBiosGrub } from './grub-images.ts';

/**
 * The disk with the installed layout: it boots straight into the active slot, from BIOS and UEFI
 * (docs/decisions/0004-disks-born-installed.md).
 */
export const raw: Artifact = {
  kind: 'raw',
  extension: '.raw',
  needs: ['image', 'slot-image', 'boot'],
  tools: [MKE2FS, SGDISK, GRUB_MKIMAGE, MKFS_FAT, MCOPY],
  inputs: (spec, digests) => ({ disk: spec.disk, cloudConfig: digests.cloudConfig }),
  make,
};

async function make(inputs: ArtifactInputs, context: ArtifactContext): Promise<void> {
  const { runner, scratch, output } = context;
  const { bios } = ARCHITECTURES[inputs.arch];
  const image = slotImageSize(inputs.facts.tree).mib;
  const layout = planDisk({
    systemImage: image,
    recoveryImage: image,
    oem: inputs.spec.disk.oem,
    persistent: inputs.spec.disk.persistent,
    bios,
  });
  await writeFile(output, '');
  await truncate(output, layout.size);
  await writePartitionTable(runner, output, layout);

  const trees = {
    state: await stageState(inputs, scratch),
    recovery: await stageRecovery(inputs, scratch),
    oem: await stageOem(inputs, scratch),
    persistent: await emptyDirectory(scratch, 'persistent'),
  };
  for (const tree of Object.values(trees)) stampTree(tree, inputs.facts.epoch);
  const format = (name: keyof typeof trees) =>
    formatPartition(context, layout, name, trees[name], inputs.facts.epoch);
  // The two large ones side by side: they fill different places of one file.
  await Promise.all([format('state'), format('recovery')]);
  await format('oem');
  await format('persistent');

  await fillEsp(inputs, context, partitionNamed(layout, 'efi'));
  const biosModules = inputs.optionalFile('boot', 'biosModules');
  if (biosModules) await embedBiosGrub(runner, output, partitionNamed(layout, 'bios'), biosModules, scratch);
  else if (bios) context.notice('raw: the image has no GRUB for BIOS; the disk boots from UEFI only');
}

/** `/cOS/{active,passive}.img` and GRUB's directory (docs/contract.md 1.4). */
async function stageState(inputs: ArtifactInputs, scratch: string): Promise<string> {
  const tree = await emptyDirectory(scratch, 'state');
  await mkdir(join(tree, 'cOS'));
  const active = inputs.file('slot-image', 'image');
  await link(active, join(tree, 'cOS/active.img'));
  await copyRelabelled(active, join(tree, 'cOS/passive.img'), LABEL.passive);
  const put = async (source: string, path: string) => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await copyFile(source, join(tree, path));
    await chmod(join(tree, path), 0o644);
  };
  await put(inputs.file('boot', 'grubConfig'), 'grub2/grub.cfg');
  await writeFile(join(tree, ASSESSMENT.hook), ASSESSMENT_HOOK);
  await writeFile(join(tree, ASSESSMENT.script), ASSESSMENT_SCRIPT);
  await writeFile(join(tree, ASSESSMENT.environment), grubEnvironment({}));
  const menu = inputs.optionalFile('boot', 'grubMenu');
  if (menu) await put(menu, 'grubmenu');
  for (const font of ['ascii', 'euro', 'unicode']) {
    const file = inputs.optionalFile('boot', `font-${font}`);
    if (file) await put(file, `grub2/fonts/${basename(file)}`);
  }
  const modules = inputs.optionalFile('boot', 'efiModules');
  const { platform } = ARCHITECTURES[inputs.arch].efi;
  for (const name of modules ? MENU_MODULES : []) {
    await put(join(modules ?? '', `${name}.mod`), `grub2/${platform}/${name}.mod`);
  }
  return tree;
}

async function stageRecovery(inputs: ArtifactInputs, scratch: string): Promise<string> {
  const tree = await emptyDirectory(scratch, 'recovery');
  await mkdir(join(tree, 'cOS'));
  await copyRelabelled(
    inputs.file('slot-image', 'image'),
    join(tree, 'cOS/recovery.img'),
    LABEL.recoverySystem,
  );
  return tree;
}

/** The configuration and GRUB's environment (docs/contract.md 1.4). */
async function stageOem(inputs: ArtifactInputs, scratch: string): Promise<string> {
  const tree = await emptyDirectory(scratch, 'oem');
  await writeFile(join(tree, 'grubenv'), grubEnvironment({}));
  if (inputs.spec.cloudConfig) {
    await copyFile(inputs.spec.cloudConfig, join(tree, '90_custom.yaml'));
    // It may hold passwords and tokens.
    await chmod(join(tree, '90_custom.yaml'), 0o640);
  }
  return tree;
}

async function copyRelabelled(image: string, copy: string, label: string): Promise<void> {
  await copyFile(image, copy, constants.COPYFILE_FICLONE);
  await setExtLabel(copy, label);
}

async function emptyDirectory(scratch: string, name: string): Promise<string> {
  const directory = join(scratch, name);
  await mkdir(directory, { mode: 0o755 });
  return directory;
}

async function formatPartition(
  { runner, output }: ArtifactContext,
  layout: DiskLayout,
  name: SystemPartition,
  tree: string,
  epoch: number,
): Promise<void> {
  const { start, size, label = '' } = partitionNamed(layout, name);
  const uuid = uuidFromSeed(`partition ${label}`);
  const filesystem = {
    type: 'ext4',
    label,
    uuid,
    kib: size / 1024,
    epoch,
    reserved: name === 'persistent' ? 5 : 0,
    growing: name === 'persistent',
  } as const;
  await mke2fs(runner, { file: output, offset: start }, filesystem, tree);
  await setInodeTimes(output, start, epoch);
}

async function fillEsp(
  inputs: ArtifactInputs,
  context: ArtifactContext,
  partition: Partition,
): Promise<void> {
  const entries = await espEntries(inputs, context, { grub: 'grub', stub: INSTALLED_STUB });
  if (!entries && ARCHITECTURES[inputs.arch].bios)
    context.notice('raw: the image has no GRUB for UEFI; the disk boots from BIOS only');
  else if (!entries) {
    throw new FactoryError('step', 'the image has nothing to boot a disk with', {
      remedy: `Install GRUB for UEFI (shim-signed, grub-efi-${inputs.arch}-signed) in the image.`,
    });
  }
  const target = {
    file: context.output,
    offset: partition.start,
    kib: partition.size / 1024,
    label: LABEL.efi,
    epoch: inputs.facts.epoch,
  };
  await makeFat(context.runner, target, entries ?? []);
}
