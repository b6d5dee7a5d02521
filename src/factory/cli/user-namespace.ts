import { needsUserNamespace, runInUserNamespace } from '../engine/unshare.ts';
import { withAllFaults } from '../pipeline/machine-faults.ts';
import type { Target } from '../pipeline/target.ts';
import { createRunner } from '../tools/runner.ts';

/**
 * Runs this command in a user namespace if the user needs one to work with images.
 * @param targets what the command builds: an error also names what else the machine lacks for them
 * @returns whether it ran there, so that nothing is left to do; the exit status is set
 */
export async function ranInUserNamespace(targets: readonly Target[] = []): Promise<boolean> {
  if (!needsUserNamespace()) return false;
  const { signal } = new AbortController();
  const runner = createRunner({ signal, log: () => undefined, env: process.env });
  process.exitCode = await withAllFaults(targets, () => runInUserNamespace(runner));
  return true;
}
