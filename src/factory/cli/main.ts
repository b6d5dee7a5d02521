#!/usr/bin/env node
import { createProgram } from './program.ts';
import { failWith } from './render-error.ts';

// File modes in artifacts must not depend on the umask of the user's shell.
process.umask(0o022);
await createProgram().parseAsync().catch(failWith);
