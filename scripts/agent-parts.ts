#!/usr/bin/env node
// Lists the parts compiled into an agent, for its SBOM: scripts/agent-parts.ts ARCH AGENT METAFILE >PARTS
// METAFILE is the output of "bun build --metafile": the files that are part of the program.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

const [arch = '', agent = '', metafile = ''] = process.argv.slice(2);
const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
const about = ({ name, version, license = 'NOASSERTION' }: Package) => ({ name, version, licence: license });

const { inputs } = read<{ inputs: Record<string, unknown> }>(metafile);
/** The innermost package that a file belongs to: npm nests a second version of a package below the one that depends on it. */
const home = (file: string) => /^.*\/?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
const homes = new Set(Object.keys(inputs).map(home));
const libraries = [...homes]
  .filter((directory) => directory !== undefined)
  .map((directory) => about(read<Package>(`${directory}/package.json`)))
  .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
const libc = read<Package & { readonly package: string; readonly licence: string }>(
  'scripts/agent-libc.json',
);
const own = about(read<Package>('package.json'));
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
  runtime: about(read<Package>('node_modules/bun/package.json')),
  libraries,
};
process.stdout.write(`${JSON.stringify(parts, null, 2)}\n`);
