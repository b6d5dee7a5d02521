import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Arch, machineArch } from '../../common/contract/architectures.ts';
import type { Runner } from '../tools/runner.ts';
import { tryKvm } from './try-kvm.ts';

/**
 * Whether a machine may use hardware virtualisation: the user allows it, the machine has the processor of this host, and this
 * user can open the device. {@link workingKvm} also tries it.
 */
export async function mayUseKvm({ kvm }: { readonly kvm: boolean }, arch: Arch): Promise<boolean> {
  if (!kvm || arch !== machineArch()) return false;
  const handle = await open('/dev/kvm', constants.O_RDWR).catch(() => undefined);
  await handle?.close();
  return handle !== undefined;
}

/**
 * Whether a machine is to use hardware virtualisation: the user allows it, the machine has the processor of this host, and a
 * trial has worked.
 * @param notice receives the reason when a machine is emulated although the user did not ask for it
 */
export async function workingKvm(
  runner: Runner,
  { kvm, arch }: { readonly kvm: boolean; readonly arch: Arch },
  notice: (text: string) => void,
): Promise<boolean> {
  if (!kvm || arch !== machineArch()) return false;
  const { state, reason } = await tryKvm(runner, arch);
  if (state === 'works') return true;
  const remedy =
    state === 'forbidden' ? ' Add yourself to the group of the device: sudo usermod -aG kvm "$USER".' : '';
  notice(`the machine is emulated, which takes several times as long: ${reason}.${remedy}`);
  return false;
}
