import { type Arch, machineArch } from '../../common/contract/architectures.ts';
import { type KvmState, type KvmTrial, tryKvm } from '../boot/try-kvm.ts';
import type { Runner } from '../tools/runner.ts';
import type { Check } from './check.ts';

const REMEDIES: Readonly<Record<KvmState['state'], string | undefined>> = {
  works: undefined,
  none: 'Enable virtualisation in the firmware, or nested virtualisation on the host; boot and prove emulate without it.',
  forbidden: 'Join the group of the device, and log in again: sudo usermod --append --groups kvm "$USER"',
  broken: 'Use --no-kvm, or see "dmesg" for the reason; boot and prove emulate without it.',
  untried: 'Install QEMU, to try it.',
};

/**
 * Tries hardware virtualisation. Nothing fails without it, because QEMU emulates, which takes about ten times as long.
 * @param isNeeded whether the build boots machines
 */
export async function checkKvm(
  runner: Runner,
  { arch, isNeeded, trial }: { readonly arch: Arch; readonly isNeeded: boolean; readonly trial?: KvmTrial },
): Promise<Check> {
  const common = { area: 'virtualisation', name: 'KVM', purpose: 'boots artifacts fast' } as const;
  if (arch !== machineArch()) {
    const problem = `machines for ${arch} are emulated here`;
    return { ...common, state: isNeeded ? 'warning' : 'unused', problem };
  }
  const { state, reason } = await tryKvm(runner, arch, trial);
  if (state === 'works') return { ...common, state: 'ok', found: reason };
  const remedy = REMEDIES[state];
  return {
    ...common,
    state: isNeeded ? 'warning' : 'unused',
    problem: reason,
    ...(remedy === undefined ? {} : { remedy }),
  };
}
