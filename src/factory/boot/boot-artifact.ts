import { access, copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { installAdvice } from '../tools/host-packages.ts';
import { FIRMWARE_PACKAGE, QEMU } from '../tools/qemu.ts';
import type { Runner } from '../tools/runner.ts';
import { diskFormat, firmwareImages, type Machine, qemuArguments } from './machine.ts';
import { volumeArguments, writeUserDataVolume } from './user-data-volume.ts';

/**
 * Boots a machine in QEMU with its console on this terminal, and waits until it powers off.
 * @param config a cloud-config for the system in it, on a volume of its own
 * @returns QEMU's exit status
 * @throws FactoryError `usage` when the artifact is missing or not bootable, `tool` when QEMU or its firmware is
 */
export async function bootArtifact(runner: Runner, machine: Machine, config?: string): Promise<number> {
  await requireBootable(machine.artifact);
  firmwareImages(machine);
  const qemu = await runner.locate(QEMU[machine.arch ?? 'amd64']);
  const scratch = await mkdtemp(join(tmpdir(), 'kairos-factory-boot-'));
  try {
    const variables = await privateVariables(machine, scratch);
    const volume =
      config === undefined ? [] : volumeArguments(await writeUserDataVolume(runner, scratch, config));
    const args = [...qemuArguments(machine, variables), ...volume];
    const child = await execa(qemu, args, { stdio: 'inherit', reject: false });
    return child.exitCode ?? 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** @throws FactoryError `usage` when the artifact is missing, or its name is not that of a bootable one */
export async function requireBootable(artifact: string): Promise<void> {
  const stats = await stat(artifact).catch(() => undefined);
  if (stats === undefined)
    throw new FactoryError('FILE_NOT_FOUND', `${artifact} does not exist`, {
      remedy: 'Give the path of an artifact.',
    });
  diskFormat(artifact);
  if (!stats.isFile())
    throw new FactoryError('FILE_NOT_FOUND', `${artifact} is not a file`, {
      remedy: 'Give the path of an artifact.',
    });
}

/**
 * Copies the firmware's variables for one machine, because the firmware writes to them.
 * @param directory receives the copy
 * @returns path of the copy; `undefined` for a BIOS
 * @throws FactoryError `tool` when the firmware is not installed
 */
export async function privateVariables(machine: Machine, directory: string): Promise<string | undefined> {
  const images = firmwareImages(machine);
  if (images === undefined) return undefined;
  const { code, variables } = images;
  for (const file of [code, variables]) {
    await access(file).catch(() => {
      throw new FactoryError('TOOL_MISSING', `the firmware ${file} is not installed`, {
        remedy: installAdvice([FIRMWARE_PACKAGE[machine.arch ?? 'amd64']]),
      });
    });
  }
  const copy = join(directory, 'variables.fd');
  await copyFile(variables, copy);
  return copy;
}
