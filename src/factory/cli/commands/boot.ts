import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { ARCHES, type Arch } from '../../../common/contract/architectures.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';
import { bootArtifact, usesKvm } from '../../boot/boot-artifact.ts';
import { parseFirmware } from '../../boot/machine.ts';
import { A_BOOTABLE } from '../../config/bootable.ts';
import { FIRMWARES } from '../../config/prove.ts';
import { createDisk } from '../../tools/qemu-img.ts';
import { createRunner, type Runner } from '../../tools/runner.ts';
import { archOf, numberOf } from '../machine-options.ts';
import { GROUPS } from '../option-groups.ts';

/** Enough for the slots and some gigabytes of data; the file is sparse. */
const TARGET_SIZE = '32G';

/** `kairos-factory boot`: boots an artifact in QEMU. */
export function bootCommand() {
  return new Command('boot')
    .argument('<artifact>', `${A_BOOTABLE} file`)
    .optionsGroup(GROUPS.machine)
    .option('--arch <name>', `architecture: ${ARCHES.join(', ')} (default: from the name of the artifact)`)
    .option('--firmware <kind>', `firmware: ${FIRMWARES.join(', ')}`, 'uefi')
    .option('--ssh-port <port>', 'host port to forward to SSH in the guest')
    .option('--memory <mib>', 'memory of the guest in MiB', '2048')
    .option('--cores <n>', 'processors of the guest', '2')
    .option('--cdrom', 'attach an ISO as a CD instead of a disk')
    .option(
      '--disk <file>',
      'second disk to install to: a qcow2 file, created with 32 GiB if it does not exist',
    )
    .option('--write', 'keep what the guest writes to the disk image')
    .option('--no-kvm', 'emulate, even if hardware virtualisation is available')
    .action(async (artifact, options) => {
      const runner = createRunner({
        signal: new AbortController().signal,
        log: () => undefined,
        env: process.env,
      });
      const sshPort =
        options.sshPort === undefined
          ? {}
          : { sshPort: numberOf({ flag: '--ssh-port', text: options.sshPort, largest: 65535 }) };
      const arch = machineArchFor(options.arch, artifact);
      process.exitCode = await bootArtifact(runner, {
        arch,
        artifact: resolve(artifact),
        attachment: options.cdrom ? 'cdrom' : 'disk',
        firmware: parseFirmware(options.firmware),
        memory: numberOf({ flag: '--memory', text: options.memory, largest: 1 << 20 }),
        cores: numberOf({ flag: '--cores', text: options.cores, largest: 256 }),
        snapshot: !options.write,
        kvm: await usesKvm(options, arch),
        ...sshPort,
        ...(options.disk === undefined ? {} : { target: await targetDisk(runner, resolve(options.disk)) }),
      });
    });
}

/** The architecture of the machine: the given one, the artifact's, or the host's. @throws FactoryError `usage` for an unknown one */
function machineArchFor(text: string | undefined, artifact: string): Arch {
  if (text === undefined) return archOf(artifact);
  const found = ARCHES.find((arch) => arch === text);
  if (found) return found;
  throw new FactoryError(
    'ARCH_UNSUPPORTED',
    `--arch: "${text}" is none of ${ARCHES.join(', ')}${didYouMean(text, ARCHES)}`,
  );
}

async function targetDisk(runner: Runner, file: string): Promise<string> {
  if (!existsSync(file)) await createDisk(runner, file, TARGET_SIZE);
  return file;
}
