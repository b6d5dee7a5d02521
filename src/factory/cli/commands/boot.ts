import { join, resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { ARCHES, type Arch } from '../../../common/contract/architectures.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';
import { bootArtifact, requireBootable } from '../../boot/boot-artifact.ts';
import { installationDisk, persistentDisk } from '../../boot/disks.ts';
import { type Forward, LOOPBACK, parseForward, requireFreePorts } from '../../boot/forward.ts';
import { parseFirmware } from '../../boot/machine.ts';
import { recordMachine } from '../../boot/machine-record.ts';
import { accountConfig, makeAccount } from '../../boot/throwaway-account.ts';
import { workingKvm } from '../../boot/working-kvm.ts';
import { A_BOOTABLE } from '../../config/bootable.ts';
import { FIRMWARES } from '../../config/prove.ts';
import { cacheDirectory, MACHINES } from '../../pipeline/workspace.ts';
import { createRunner } from '../../tools/runner.ts';
import { accessText, identitiesOf, keysOf, portOf, refuseConflicts } from '../boot-access.ts';
import { archOf, numberOf } from '../machine-options.ts';
import { GROUPS } from '../option-groups.ts';
import { notice, say } from '../say.ts';

/** The account of `--user` without a name. */
const USER = 'kairos';
const SSH_PORT = 22;

/** `kairos-factory boot`: boots an artifact in QEMU. */
export function bootCommand() {
  return new Command('boot')
    .argument('<artifact>', `${A_BOOTABLE} file`)
    .optionsGroup(GROUPS.machine)
    .option('--arch <name>', `architecture: ${ARCHES.join(', ')} (default: from the name of the artifact)`)
    .option('--firmware <kind>', `firmware: ${FIRMWARES.join(', ')}`, 'uefi')
    .option('--memory <mib>', 'memory of the guest in MiB', '2048')
    .option('--cores <n>', 'processors of the guest', '2')
    .option('--no-kvm', 'emulate, even if hardware virtualisation works')
    .optionsGroup(GROUPS.access)
    .option(
      '--user [name]',
      `make an administrator for this machine, with your SSH keys (default name: ${USER})`,
    )
    .option('--ssh-key <file>', 'your public key for --user (default: all keys in ~/.ssh)')
    .option('--ssh-port <port>', 'host port to forward to SSH in the guest (default with --user: a free one)')
    .option(
      '--forward <ports>',
      'host port to forward to the guest: [ADDRESS:]HOST_PORT:GUEST_PORT[/udp]; may be repeated',
      (text, before: readonly Forward[]) => [...before, parseForward(text)],
      [] as readonly Forward[],
    )
    .optionsGroup(GROUPS.disks)
    .option('--cdrom', 'attach an ISO as a CD instead of a disk')
    .option(
      '--disk <file>',
      'second disk to install to: a qcow2 file, created with 32 GiB if it does not exist',
    )
    .option(
      '--persist <file>',
      'keep what the guest writes in this qcow2 file, created if it does not exist; the artifact stays as it is',
    )
    .option('--write', 'keep what the guest writes in the disk image itself')
    .action(async (given, options) => {
      refuseConflicts(options);
      const runner = createRunner({
        signal: new AbortController().signal,
        log: () => undefined,
        env: process.env,
      });
      const artifact = resolve(given);
      // Everything that is typed is looked at before a disk is made, or seconds are spent on trying KVM.
      await requireBootable(artifact);
      const firmware = parseFirmware(options.firmware);
      const memory = numberOf({ flag: '--memory', text: options.memory, largest: 1 << 20 });
      const cores = numberOf({ flag: '--cores', text: options.cores, largest: 256 });
      const arch = machineArchFor(options.arch, artifact);
      const { user } = options;
      const keys = user === undefined ? [] : await keysOf(options.sshKey);
      const texts = keys.map(({ text }) => text);
      const account = user === undefined ? undefined : makeAccount(user === true ? USER : user, texts);
      const sshPort = await portOf(options.sshPort, account);
      const ssh: Forward[] =
        sshPort === undefined
          ? []
          : [{ protocol: 'tcp', address: LOOPBACK, hostPort: sshPort, guestPort: SSH_PORT }];
      const forwards = [...ssh, ...options.forward];
      await requireFreePorts(forwards);
      const { disk, persist } = options;
      const machine = {
        arch,
        artifact:
          persist === undefined
            ? artifact
            : await persistentDisk(runner, { artifact, file: resolve(persist) }),
        attachment: options.cdrom ? 'cdrom' : 'disk',
        firmware,
        memory,
        cores,
        snapshot: !options.write && persist === undefined,
        kvm: await workingKvm(runner, { kvm: options.kvm, arch }, notice),
        forwards,
        ...(disk === undefined ? {} : { target: await installationDisk(runner, resolve(disk)) }),
      } as const;
      await using stack = new AsyncDisposableStack();
      if (account !== undefined && sshPort !== undefined) {
        const identities = identitiesOf(keys);
        const record = { pid: process.pid, artifact, sshPort, user: account.name, identities };
        stack.use(await recordMachine(join(cacheDirectory(process.env), MACHINES), record));
      }
      say(accessText(artifact, account));
      const config = account && (await accountConfig(runner, account));
      process.exitCode = await bootArtifact(runner, machine, config);
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
