import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { menuVariables } from '../../common/cloud-config/menu-variables.ts';
import { parseStageFile } from '../../common/cloud-config/parse.ts';
import { ARCHITECTURES } from '../../common/contract/architectures.ts';
import {
  ASSESSMENT,
  ASSESSMENT_HOOK,
  ASSESSMENT_SCRIPT,
  ASSESSMENT_VARIABLES,
} from '../../common/contract/boot-assessment.ts';
import { MENU_MODULES } from '../../common/contract/boot-loader.ts';
import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import { LABEL } from '../../common/contract/labels.ts';
import { GRUB_FILE, OEM_CONFIG_MODE, OEM_FILE, SLOT_FILE } from '../../common/contract/partition-files.ts';
import type { SystemPartition } from '../../common/contract/partitions.ts';
import { stampTree } from '../../common/files/walk-tree.ts';
import type { ArtifactInputs } from './artifact.ts';
import { extId } from './ext-id.ts';
import { setExtLabel } from './ext-label.ts';

/** The partitions of a disk that are filled from a directory. */
export type DataPartition = Exclude<SystemPartition, 'bios' | 'efi'>;

/**
 * Stages the content of a new disk's partitions, each in its own directory below `scratch`. All files get the timestamp
 * of the image.
 * @returns the directory of each partition
 * @throws FactoryError `usage` when the cloud-config cannot be parsed
 */
export async function stagePartitions(
  inputs: ArtifactInputs,
  scratch: string,
): Promise<Readonly<Record<DataPartition, string>>> {
  const trees = {
    state: await stageState(inputs, scratch),
    recovery: await stageRecovery(inputs, scratch),
    oem: await stageOem(inputs, scratch),
    persistent: await emptyDirectory(scratch, 'persistent'),
  };
  for (const tree of Object.values(trees)) stampTree(tree, inputs.facts.epoch);
  return trees;
}

/** Stages `/cOS/{active,passive}.img` and GRUB's directory (docs/contract.md 1.4). */
async function stageState(inputs: ArtifactInputs, scratch: string): Promise<string> {
  const tree = await emptyDirectory(scratch, 'state');
  await mkdir(join(tree, 'cOS'));
  const active = inputs.file('slot-image', 'image');
  await link(active, join(tree, SLOT_FILE.active));
  await copyRelabelled(active, join(tree, SLOT_FILE.passive), LABEL.passive);
  for (const [path, source] of grubFiles(inputs)) {
    const target = join(tree, path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(source, target);
    await chmod(target, 0o644);
  }
  await writeFile(join(tree, ASSESSMENT.hook), ASSESSMENT_HOOK);
  await writeFile(join(tree, ASSESSMENT.script), ASSESSMENT_SCRIPT);
  // Its first boot is not an upgrade.
  const slot = await extId(active);
  const known = slot === undefined ? {} : { [ASSESSMENT_VARIABLES.slot]: slot };
  await writeFile(join(tree, ASSESSMENT.environment), grubEnvironment(known));
  return tree;
}

/** GRUB's files on the state partition, with their sources. */
function grubFiles(inputs: ArtifactInputs): [path: string, source: string][] {
  const files: [string, string][] = [[GRUB_FILE.menu, inputs.file('boot', 'grubConfig')]];
  const menu = inputs.optionalFile('boot', 'grubMenu');
  if (menu) files.push([GRUB_FILE.branding, menu]);
  for (const font of ['ascii', 'euro', 'unicode']) {
    const file = inputs.optionalFile('boot', `font-${font}`);
    if (file) files.push([`${GRUB_FILE.fonts}/${basename(file)}`, file]);
  }
  const modules = inputs.optionalFile('boot', 'efiModules');
  const { platform } = ARCHITECTURES[inputs.arch].efi;
  for (const name of modules ? MENU_MODULES : []) {
    files.push([`${GRUB_FILE.directory}/${platform}/${name}.mod`, join(modules ?? '', `${name}.mod`)]);
  }
  return files;
}

async function stageRecovery(inputs: ArtifactInputs, scratch: string): Promise<string> {
  const tree = await emptyDirectory(scratch, 'recovery');
  await mkdir(join(tree, 'cOS'));
  await copyRelabelled(
    inputs.file('slot-image', 'image'),
    join(tree, SLOT_FILE.recovery),
    LABEL.recoverySystem,
  );
  return tree;
}

/** Stages the cloud-config and GRUB's environment (docs/contract.md 1.4). */
async function stageOem(inputs: ArtifactInputs, scratch: string): Promise<string> {
  const tree = await emptyDirectory(scratch, 'oem');
  const { cloudConfig } = inputs.spec;
  const variables = cloudConfig === undefined ? {} : await menuVariablesOf(cloudConfig);
  await writeFile(join(tree, OEM_FILE.grubEnvironment), grubEnvironment(variables));
  if (cloudConfig !== undefined) {
    await copyFile(cloudConfig, join(tree, OEM_FILE.config));
    await chmod(join(tree, OEM_FILE.config), OEM_CONFIG_MODE);
  }
  return tree;
}

/** The variables that an installer would write to the boot menu's environment. */
async function menuVariablesOf(cloudConfig: string): Promise<Record<string, string>> {
  return menuVariables(parseStageFile(cloudConfig, await readFile(cloudConfig, 'utf8')).data);
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
