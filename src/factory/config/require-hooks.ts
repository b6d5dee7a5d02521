import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { everyPromise } from '../../common/errors/every-result.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { HOST_STAGES, type HookSpec, type HooksSpec } from './hooks.ts';

/**
 * Checks that the hooks of a build can be started, and that their inputs exist.
 * @throws FactoryError `usage`, one for all problems
 */
export async function requireHooks(hooks: HooksSpec): Promise<HooksSpec> {
  const all = Object.entries(hooks).flatMap(([stage, list]) => list.map((hook) => ({ stage, hook })));
  const checks = all.map(({ stage, hook }) => async () => {
    await requireProgram(stage, hook.run);
    await requireInputs(stage, hook);
  });
  await everyPromise(Object.fromEntries(checks.entries()));
  return hooks;
}

/**
 * Refuses hooks that run on this machine unless the command line allows them: whoever writes a configuration must not thereby
 * get a shell on the machine that builds it.
 * @throws FactoryError `usage`
 */
export function requireAllowedHooks(hooks: HooksSpec, { isAllowed }: { readonly isAllowed: boolean }): void {
  const refused = HOST_STAGES.flatMap((stage) => hooks[stage].map(({ run }) => `${stage}: ${run}`));
  if (isAllowed || refused.length === 0) return;
  throw new FactoryError('HOOK_REFUSED', 'the configuration has hooks that run on this machine', {
    details: refused,
    remedy: 'Read them, and add --allow-host-hooks if you trust them.',
  });
}

/** A script without `#!` would be started by a shell in one place and refused in another. */
async function requireProgram(stage: string, path: string): Promise<void> {
  const isFile = (await stat(path).catch(() => undefined))?.isFile() === true;
  if (!isFile) {
    throw new FactoryError('FILE_NOT_FOUND', `hooks.${stage}: ${path} is not a file`, {
      remedy: 'Name a script or a program, relative to the configuration file.',
    });
  }
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
  if (buffer.toString('latin1', 0, 2) === '#!' || buffer.toString('latin1') === '\x7fELF') return;
  throw new FactoryError('HOOK_UNUSABLE', `hooks.${stage}: ${path} is neither a script nor a program`, {
    remedy: 'Begin the script with the line #!/bin/sh.',
  });
}

async function requireInputs(stage: string, { run, inputs }: HookSpec): Promise<void> {
  const names = new Set<string>();
  for (const input of inputs) {
    if ((await stat(input).catch(() => undefined)) === undefined) {
      throw new FactoryError(
        'FILE_NOT_FOUND',
        `hooks.${stage}: ${run} reads ${input}, which does not exist`,
        {
          remedy: 'Correct its inputs.',
        },
      );
    }
    if (names.has(basename(input))) {
      throw new FactoryError(
        'HOOK_UNUSABLE',
        `hooks.${stage}: two inputs of ${run} are named ${basename(input)}`,
        {
          remedy: 'Name their directory instead, or rename one.',
        },
      );
    }
    names.add(basename(input));
  }
}
