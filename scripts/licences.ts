#!/usr/bin/env node
// Writes the licences of the packages that a bundle has, as they ask for: scripts/licences.ts METAFILE >LICENCES
// METAFILE is the output of "bun build --metafile": the files that are part of the program.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundledPackages } from './bundled-packages.ts';

const [metafile = ''] = process.argv.slice(2);
for (const { directory, name, version, licence } of bundledPackages(metafile)) {
  const texts = readdirSync(directory)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .map((file) => readFileSync(join(directory, file), 'utf8').trim());
  process.stdout.write([`${name} ${version}: ${licence}`, ...texts, '-'.repeat(72), ''].join('\n\n'));
}
