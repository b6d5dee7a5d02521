#!/usr/bin/env node
import { createProgram } from './program.ts';
import { failWith } from './render-error.ts';

await createProgram().parseAsync().catch(failWith);
