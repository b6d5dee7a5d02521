#!/usr/bin/env node
// Lists the parts compiled into an agent, for its SBOM: scripts/agent-parts.ts ARCH AGENT METAFILE >PARTS
// METAFILE is the output of "bun build --metafile": the files that are part of the program.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { bundledPackages, describePackage } from './bundled-packages.ts';

const [arch = '', agent = '', metafile = ''] = process.argv.slice(2);
const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;

const libraries = bundledPackages(metafile).map(({ directory: _, ...library }) => library);
const libc = read<{
  readonly name: string;
  readonly package: string;
  readonly version: string;
  readonly licence: string;
}>('scripts/agent-libc.json');
const own = describePackage('.');
const parts = {
  sha256: createHash('sha256').update(readFileSync(agent)).digest('hex'),
  version: own.version,
  licence: own.licence,
  libc: {
    name: libc.name,
    version: libc.version,
    licence: libc.licence,
    purl: `pkg:deb/debian/${libc.package}@${encodeURIComponent(libc.version)}?arch=${arch}&distro=debian-12`,
  },
  runtime: describePackage('node_modules/bun'),
  libraries,
};
process.stdout.write(`${JSON.stringify(parts, null, 2)}\n`);
