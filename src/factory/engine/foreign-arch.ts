import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ARCHITECTURES, type Arch, machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { runsPrograms } from '../tools/arch-test.ts';
import type { Runner } from '../tools/runner.ts';

const BINFMT = '/proc/sys/fs/binfmt_misc';
/** Every package needed, so that one error message names them all. */
const PACKAGES = 'qemu-user-static binfmt-support arch-test';

/**
 * Checks before a build that this machine can run programs for `arch`, which mmdebstrap and the engine start in their own
 * roots.
 * @param work directory for temporary files
 * @throws FactoryError `tool`, with the packages and commands to install an emulator
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
  const works = `the emulator in ${BINFMT}/qemu-${machine} is registered but does not work`;
  throw unable(arch, [(await foreignArchProblem(arch)) ?? works]);
}

/** What the kernel lacks to start programs of an architecture inside an image; `undefined` if an emulator is registered. */
export async function foreignArchProblem(arch: Arch): Promise<string | undefined> {
  const { machine } = ARCHITECTURES[arch];
  const flags = /^flags: (.*)$/m.exec(await handler(machine))?.[1];
  if (flags === undefined) return `no emulator is registered in ${BINFMT}/qemu-${machine}`;
  if (flags.includes('F')) return undefined;
  return `the emulator in ${BINFMT}/qemu-${machine} lacks the flag F, which makes it available inside an image`;
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
      remedy: `Install and register the emulator with the commands above, or build on an ${arch} machine.`,
    },
  );
}

/** Reports a missing arch-test like a missing emulator, so that one error names everything needed. */
function refused(arch: Arch): (error: unknown) => never {
  return (error) => {
    throw error instanceof FactoryError && error.kind === 'tool' ? unable(arch, [error.message]) : error;
  };
}

/** The kernel's entry for the emulator; empty if there is none. */
async function handler(machine: string): Promise<string> {
  return readFile(join(BINFMT, `qemu-${machine}`), 'utf8').catch(() => '');
}
