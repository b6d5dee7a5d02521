import { truncate, writeFile } from 'node:fs/promises';
import { ARCHITECTURES } from '../../common/contract/architectures.ts';
import { artifactBaseName } from '../../common/contract/artifact-names.ts';
import { INSTALLED_STUB } from '../../common/contract/boot-loader.ts';
import { identityFrom } from '../../common/contract/kairos-release.ts';
import { LABEL } from '../../common/contract/labels.ts';
import { type DiskLayout, partitionNamed, planDisk } from '../../common/contract/partitions.ts';
import { slotImageSize } from '../../common/contract/slot-size.ts';
import { uuidFromSeed } from '../../common/contract/uuid.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { MAKE_FAT_TOOLS, makeFat } from '../tools/fat.ts';
import { GRUB_MKIMAGE } from '../tools/grub-mkimage.ts';
import { MKE2FS, mke2fs } from '../tools/mke2fs.ts';
import { SGDISK, writePartitionTable } from '../tools/sgdisk.ts';
import type { Artifact, ArtifactContext, ArtifactInputs } from './artifact.ts';
import { type DataPartition, stagePartitions } from './disk-trees.ts';
import { espEntries } from './esp.ts';
import { setInodeTimes } from './ext-times.ts';
import { embedBiosGrub } from './grub-images.ts';

/**
 * A disk image with the installed layout, which boots directly into the active slot from BIOS and UEFI
 * (docs/decisions/0004-disks-born-installed.md).
 */
export const raw: Artifact = {
  kind: 'raw',
  extension: '.raw',
  needs: ['image', 'slot-image', 'boot'],
  tools: [MKE2FS, SGDISK, GRUB_MKIMAGE, ...MAKE_FAT_TOOLS],
  inputs: ({ disk }, { cloudConfig }) => ({
    disk,
    stub: INSTALLED_STUB,
    // Invalidates cached disks of earlier versions, which lack the configuration's variables in the menu's environment.
    ...(cloudConfig === undefined ? {} : { cloudConfig, menuVariables: true }),
  }),
  make,
};

async function make(inputs: ArtifactInputs, context: ArtifactContext): Promise<void> {
  const { runner, output } = context;
  const layout = layoutFor(inputs);
  await writeFile(output, '');
  await truncate(output, layout.size);
  await writePartitionTable(runner, layout, { file: output });
  // Steps that may fail come first; the large partitions take by far the most time.
  await fillEsp(inputs, context, layout);
  await embedBootCode(inputs, context, layout);
  await fillDataPartitions(inputs, context, layout);
}

function layoutFor({ arch, facts, spec }: ArtifactInputs): DiskLayout {
  const { mib } = slotImageSize(facts.tree);
  return planDisk({
    systemImage: mib,
    recoveryImage: mib,
    oem: spec.disk.oem,
    persistent: spec.disk.persistent,
    bios: ARCHITECTURES[arch].bios,
  });
}

async function fillDataPartitions(
  inputs: ArtifactInputs,
  context: ArtifactContext,
  layout: DiskLayout,
): Promise<void> {
  const { epoch, release } = inputs.facts;
  const identity = `${artifactBaseName(identityFrom(new Map(Object.entries(release))))} ${epoch}`;
  const trees = await stagePartitions(inputs, context.scratch);
  const fill = (name: DataPartition) =>
    fillPartition(context, layout, { name, source: trees[name], epoch, identity });
  // The two large partitions are written in parallel, to different ranges of one file.
  await Promise.all([fill('state'), fill('recovery')]);
  await fill('oem');
  await fill('persistent');
}

/** The content of a data partition. */
interface DataContent {
  readonly name: DataPartition;
  /** Directory with its tree. */
  readonly source: string;
  readonly epoch: number;
  /** Identifies the image: disks of different images in one machine need different UUIDs (docs/contract.md 2.9). */
  readonly identity: string;
}

async function fillPartition(
  { runner, output }: ArtifactContext,
  layout: DiskLayout,
  { name, source, epoch, identity }: DataContent,
): Promise<void> {
  const { start, size, label = '' } = partitionNamed(layout, name);
  const isPersistent = name === 'persistent';
  await mke2fs(
    runner,
    { file: output, offset: start },
    {
      type: 'ext4',
      label,
      uuid: uuidFromSeed(`partition ${label} ${identity}`),
      kib: size / 1024,
      epoch,
      reserved: isPersistent ? 5 : 0,
      growing: isPersistent,
      source,
    },
  );
  await setInodeTimes(output, start, epoch);
}

async function fillEsp(inputs: ArtifactInputs, context: ArtifactContext, layout: DiskLayout): Promise<void> {
  const entries = await espEntries(inputs, context, { grub: 'grub', stub: INSTALLED_STUB });
  if (!entries && ARCHITECTURES[inputs.arch].bios)
    context.notice('raw: the image has no GRUB for UEFI; the disk boots from BIOS only');
  else if (!entries) throw nothingToBoot(inputs.arch);
  const { start, size } = partitionNamed(layout, 'efi');
  const target = {
    file: context.output,
    offset: start,
    kib: size / 1024,
    label: LABEL.efi,
    epoch: inputs.facts.epoch,
  };
  await makeFat(context.runner, target, entries ?? []);
}

async function embedBootCode(
  inputs: ArtifactInputs,
  context: ArtifactContext,
  layout: DiskLayout,
): Promise<void> {
  const modules = inputs.optionalFile('boot', 'biosModules');
  if (modules) {
    await embedBiosGrub(context.output, partitionNamed(layout, 'bios'), { ...context, modules });
  } else if (ARCHITECTURES[inputs.arch].bios) {
    context.notice('raw: the image has no GRUB for BIOS; the disk boots from UEFI only');
  }
}

function nothingToBoot(arch: ArtifactInputs['arch']): FactoryError {
  return new FactoryError('BOOT_LOADER_UNUSABLE', 'the image has no boot loader for a disk', {
    remedy: `Install GRUB for UEFI (shim-signed, grub-efi-${arch}-signed) in the image.`,
  });
}
