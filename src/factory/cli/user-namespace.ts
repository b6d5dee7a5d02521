import { needsUserNamespace, runInUserNamespace } from '../engine/unshare.ts';
import { createRunner } from '../tools/runner.ts';

/**
 * Starts this process again in a user namespace, where an ordinary user needs one to work with images.
 * @returns whether it ran there to its end, so that nothing is left to do here; the exit status is set
 */
export async function ranInUserNamespace(): Promise<boolean> {
  if (!needsUserNamespace()) return false;
  const { signal } = new AbortController();
  process.exitCode = await runInUserNamespace(
    createRunner({ signal, log: () => undefined, env: process.env }),
  );
  return true;
}
