import { constants } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Arch } from '../../common/contract/architectures.ts';
import { FactoryError, reasonOf } from '../../common/errors/factory-error.ts';
import { QEMU } from '../tools/qemu.ts';
import type { Runner } from '../tools/runner.ts';
import { trialRom } from './kvm-rom.ts';

/**
 * What hardware virtualisation does on this machine: it `works`; there is `none`; the user is `forbidden` to use it; it is
 * `broken`, because a machine does not start, or hardly moves; or it is `untried` without QEMU.
 */
export interface KvmState {
  readonly state: 'works' | 'none' | 'forbidden' | 'broken' | 'untried';
  /** What was seen, for people. */
  readonly reason: string;
}

/** How {@link tryKvm} tries; what a build machine has by default. */
export interface KvmTrial {
  readonly device?: string;
  readonly accelerator?: 'kvm' | 'tcg';
  /** Milliseconds that the trial may take. */
  readonly limit?: number;
}

/**
 * Tries hardware virtualisation: a machine runs a few instructions and ends itself. That the device can be opened, or a machine
 * created, proves nothing: there are hosts where it then stops, or hardly moves.
 */
export async function tryKvm(
  runner: Runner,
  arch: Arch,
  { device = '/dev/kvm', accelerator = 'kvm', limit = 8000 }: KvmTrial = {},
): Promise<KvmState> {
  const refusal = await openRefusal(device);
  if (refusal !== undefined) return refusal;
  const scratch = await mkdtemp(join(tmpdir(), 'kairos-factory-kvm-'));
  const rom = trialRom(arch);
  const start = performance.now();
  try {
    const file = join(scratch, 'rom');
    await writeFile(file, rom.content);
    const args = [...rom.arguments, '-accel', accelerator, '-cpu', 'max', '-m', '64'];
    args.push('-no-user-config', '-nodefaults', '-display', 'none', '-bios', file);
    const acceptExit = (status: number) => status === rom.status;
    await runner.run(QEMU[arch], args, { timeout: limit, acceptExit });
    return { state: 'works', reason: 'a machine runs' };
  } catch (error) {
    if (!(error instanceof FactoryError) || error.kind === 'interrupted') throw error;
    if (error.code === 'TOOL_MISSING') return { state: 'untried', reason: error.message };
    if (performance.now() - start >= limit)
      return {
        state: 'broken',
        reason: `a machine starts, but hardly moves (${limit / 1000} s for some milliseconds)`,
      };
    return { state: 'broken', reason: error.details.at(-1) ?? error.message };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Why the device cannot be opened; `undefined` if it can. */
async function openRefusal(device: string): Promise<KvmState | undefined> {
  const error = await open(device, constants.O_RDWR).then(
    (handle) => handle.close().then(() => undefined),
    (reason: NodeJS.ErrnoException) => reason,
  );
  if (error === undefined) return undefined;
  if (error.code === 'ENOENT') {
    const reason = `there is no ${device}: virtualisation is off, or not passed on to this machine`;
    return { state: 'none', reason };
  }
  const isForbidden = error.code === 'EACCES' || error.code === 'EPERM';
  if (isForbidden) return { state: 'forbidden', reason: `this user cannot open ${device}` };
  return { state: 'broken', reason: `${device} cannot be opened: ${reasonOf(error)}` };
}
