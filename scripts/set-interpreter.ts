#!/usr/bin/env node
// Makes an executable use a C library of its own: scripts/set-interpreter.ts PROGRAM DIRECTORY >CHANGED
// DIRECTORY is where the loader `ld.so` and the libraries are at run time.
import { readFileSync, writeFileSync } from 'node:fs';
import { setInterpreter } from './elf-interpreter.ts';

const [program = '', directory = ''] = process.argv.slice(2);
writeFileSync(process.stdout.fd, setInterpreter(readFileSync(program), directory));
