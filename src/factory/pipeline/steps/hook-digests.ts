import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { hashFile } from '../../../common/files/digest.ts';
import type { HookSpec } from '../../config/hooks.ts';
import { treeContentDigest } from '../digests.ts';

/** What the result of a hook depends on: its content, that of its inputs, its variables and its time limit. */
export async function hookDigests(hooks: readonly HookSpec[]): Promise<unknown[]> {
  return Promise.all(
    hooks.map(async ({ run, inputs, environment, timeout }) => [
      [basename(run), await hashFile(run)],
      await Promise.all(inputs.map(async (input) => [basename(input), await contentDigest(input)])),
      environment,
      timeout,
    ]),
  );
}

function contentDigest(path: string): Promise<string> | string {
  return statSync(path).isDirectory() ? treeContentDigest(path) : hashFile(path);
}
