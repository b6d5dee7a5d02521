#!/usr/bin/env node
import { guardProcess } from './guard-process.ts';

guardProcess();
// File modes in artifacts must not depend on the umask of the user's shell.
process.umask(0o022);
const { createProgram } = await import('./program.ts');
const { failWith } = await import('./render-error.ts');
await createProgram(process.argv.slice(2))
  .then((program) => program.parseAsync())
  .catch(failWith);
