import { needsUserNamespace, runInUserNamespace } from '../engine/unshare.ts';
import { createRunner } from '../tools/runner.ts';

/**
 * Runs this command in a user namespace if the user needs one to work with images.
 * @returns whether it ran there, so that nothing is left to do; the exit status is set
 */
export async function ranInUserNamespace(): Promise<boolean> {
  if (!needsUserNamespace()) return false;
  const { signal } = new AbortController();
  process.exitCode = await runInUserNamespace(
    createRunner({ signal, log: () => undefined, env: process.env }),
  );
  return true;
}
