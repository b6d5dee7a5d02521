#!/usr/bin/env node
import { createProgram } from './program.ts';
import { failWith } from './render-error.ts';

// Modes of files that go into artifacts are a decision of ours, not of the person's shell.
process.umask(0o022);
await createProgram().parseAsync().catch(failWith);
