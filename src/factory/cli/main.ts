#!/usr/bin/env node
import { guardProcess } from './guard-process.ts';

guardProcess();
// File modes in artifacts must not depend on the umask of the user's shell.
process.umask(0o022);
const { createProgram, withoutHelpCommand } = await import('./program.ts');
const { failWith } = await import('./render-error.ts');
const { promiseJson } = await import('./promise-json.ts');
const args = withoutHelpCommand(process.argv.slice(2));
const finish = promiseJson(args, process.stdout);
await createProgram(args)
  .then((program) => program.parseAsync(args, { from: 'user' }))
  .catch((error: unknown) => {
    finish(error);
    failWith(error);
  });
