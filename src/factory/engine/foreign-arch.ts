import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHITECTURES, type Arch, machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { runsPrograms } from '../tools/arch-test.ts';
import type { Runner } from '../tools/runner.ts';

const BINFMT = '/proc/sys/fs/binfmt_misc';
/** All of them by name, so that a person who lacks one does not come back for the next. */
const PACKAGES = 'qemu-user-static binfmt-support arch-test';

/**
 * Makes sure that programs of a build for `arch` can run on this machine, before anything is built: mmdebstrap and the
 * engine start them in roots of their own.
 * @param work directory for short-lived files
 * @throws FactoryError `tool` with the packages and commands that make it possible
 */
export async function requireRunnable(runner: Runner, arch: Arch, work: string): Promise<void> {
  if (arch === machineArch()) return;
  const directory = join(work, 'arch-test');
  await mkdir(directory, { recursive: true });
  try {
    if (await runsPrograms(runner, arch, directory).catch(refused(arch))) return;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const { machine } = ARCHITECTURES[arch];
  const flags = /^flags: (.*)$/m.exec(await handler(machine))?.[1];
  const reason =
    flags === undefined
      ? `no emulator is registered in ${BINFMT}/qemu-${machine}`
      : flags.includes('F')
        ? `the emulator in ${BINFMT}/qemu-${machine} is registered and does not work`
        : `the emulator in ${BINFMT}/qemu-${machine} lacks the flag F, without which it is not found inside an image`;
  throw unable(arch, [reason]);
}

function unable(arch: Arch, details: readonly string[]): FactoryError {
  const { machine } = ARCHITECTURES[arch];
  return new FactoryError(
    'FOREIGN_ARCH_UNAVAILABLE',
    `this machine cannot run the programs of an image for ${arch}`,
    {
      details: [
        ...details,
        `sudo apt-get install ${PACKAGES}`,
        `sudo mount -t binfmt_misc binfmt_misc ${BINFMT}`,
        `sudo update-binfmts --enable qemu-${machine}`,
      ],
      remedy: `Install the emulator and let the kernel use it, by the commands above; or build on a machine of ${arch}.`,
    },
  );
}

/** A missing arch-test is told of like a missing emulator: one answer names all that is needed. */
function refused(arch: Arch): (error: unknown) => never {
  return (error) => {
    throw error instanceof FactoryError && error.kind === 'tool' ? unable(arch, [error.message]) : error;
  };
}

/** What the kernel says of the emulator, or nothing. */
async function handler(machine: string): Promise<string> {
  return readFile(join(BINFMT, `qemu-${machine}`), 'utf8').catch(() => '');
}
