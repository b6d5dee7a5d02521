import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { ARCHES, type Arch, machineArch } from '../../../common/contract/architectures.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';
import { bootArtifact, hasKvm } from '../../boot/boot-artifact.ts';
import { artifactArch, FIRMWARES, parseFirmware } from '../../boot/machine.ts';
import { createDisk } from '../../tools/qemu-img.ts';
import { createRunner, type Runner } from '../../tools/runner.ts';

/** Room for the slots and some gigabytes of data; a sparse file. */
const TARGET_SIZE = '32G';

/** `kairos-factory boot`: try an artifact in QEMU. */
export function bootCommand() {
  return new Command('boot')
    .description('boot an ISO, raw or qcow2 in QEMU, with its console on this terminal (Ctrl-A X ends it)')
    .argument('<artifact>')
    .option('--arch <name>', `${ARCHES.join('|')} (default: as the artifact's name has it)`)
    .option('--firmware <kind>', FIRMWARES.join('|'), 'uefi')
    .option('--ssh-port <port>', 'port of this machine that leads to SSH in the guest')
    .option('--memory <mib>', 'memory of the guest in MiB', '2048')
    .option('--cores <n>', 'processors of the guest', '2')
    .option('--cdrom', 'attach an ISO as a CD instead of a disk')
    .option(
      '--disk <file>',
      'a further disk, to install to: a qcow2 file, made with 32 GiB when it is missing',
    )
    .option('--write', 'keep what the guest writes to the disk image')
    .option('--no-kvm', 'emulate, even where the processor can virtualise')
    .action(async (artifact, options) => {
      const runner = createRunner({
        signal: new AbortController().signal,
        log: () => undefined,
        env: process.env,
      });
      const sshPort =
        options.sshPort === undefined ? {} : { sshPort: number('--ssh-port', options.sshPort, 65535) };
      const arch = wantedArch(options.arch, artifact);
      process.exitCode = await bootArtifact(runner, {
        arch,
        artifact: resolve(artifact),
        attachment: options.cdrom ? 'cdrom' : 'disk',
        firmware: parseFirmware(options.firmware),
        memory: number('--memory', options.memory, 1 << 20),
        cores: number('--cores', options.cores, 256),
        snapshot: !options.write,
        kvm: options.kvm && arch === machineArch() && (await hasKvm()),
        ...sshPort,
        ...(options.disk === undefined ? {} : { target: await targetDisk(runner, resolve(options.disk)) }),
      });
    });
}

/** @throws FactoryError `usage` for an architecture that images are not made for */
function wantedArch(text: string | undefined, artifact: string): Arch {
  if (text === undefined)
    return artifactArch(artifact) ?? ARCHES.find((arch) => arch === machineArch()) ?? 'amd64';
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

function number(flag: string, text: string, largest: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= largest) return value;
  throw new FactoryError('OPTION_INVALID', `${flag}: "${text}" is not a number from 1 to ${largest}`);
}
