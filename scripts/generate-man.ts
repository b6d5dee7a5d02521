#!/usr/bin/env node
// Writes the manual pages: "generate-man.ts DIRECTORY". scripts/build-program calls it: they are packed, and not committed,
// because they have the version in them and nobody reads their sources.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createWholeProgram } from '../src/factory/cli/program.ts';
import { describeCommand } from '../src/factory/cli/reference/describe-command.ts';
import { manualPages } from '../src/factory/cli/reference/manual-page.ts';

const [directory = 'dist/man'] = process.argv.slice(2);
const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
await mkdir(directory, { recursive: true });
for (const { file, text } of manualPages(describeCommand(await createWholeProgram()), version)) {
  await writeFile(join(directory, file), text);
}
