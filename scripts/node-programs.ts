#!/usr/bin/env node
// Collects what images bring along where their base has none, programs and boot loader: scripts/node-programs.ts ARCH DIRECTORY
// They are the Debian packages of scripts/node-programs.json, the same bytes on every host. The programs are started by the
// agent's C library. index.json in DIRECTORY lists what there is, for build contexts and SBOMs.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { readElf } from '../src/agent/initramfs/elf.ts';
import { setInterpreter } from './elf-interpreter.ts';

interface Package {
  readonly package: string;
  readonly version: string;
  readonly licence: string;
  /** Files of the package, with the names that they get. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  /** Files and directories of the package, which keep their places. */
  readonly bootLoader?: readonly string[];
  readonly files: Readonly<
    Record<string, { readonly path: string; readonly sha256: string; readonly sha1: string }>
  >;
}

const [arch = '', directory = ''] = process.argv.slice(2);
const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
const list = read<{
  distribution: string;
  release: string;
  directory: string;
  sources: string[];
  packages: Package[];
}>('scripts/node-programs.json');
const libc = read<{ directory: string; libraries: string[] }>('scripts/agent-libc.json');

const work = mkdtempSync(join(tmpdir(), 'node-programs-'));
try {
  collect();
} finally {
  rmSync(work, { recursive: true });
}

function collect(): void {
  const packages = list.packages.filter(({ files }) => files[arch] !== undefined);
  const roots = new Map(packages.map((each) => [each.package, unpack(each)] as const));
  const rootOf = (name: string) => roots.get(name) ?? '';
  const libraries = new Map<string, { readonly package: string; readonly file: string }>();
  for (const [name, root] of roots) {
    for (const file of librariesIn(root)) libraries.set(basename(file), { package: name, file });
  }

  /** The packaged libraries that a file needs, and those that they need in turn. */
  const needs = (file: string, found = new Set<string>()): Set<string> => {
    for (const name of readElf(readFileSync(file))?.needed ?? []) {
      if (libc.libraries.includes(name) || /^ld-linux/.test(name) || found.has(name)) continue;
      const library = libraries.get(name);
      if (library === undefined) throw new Error(`${basename(file)} needs ${name}, which is in no package`);
      needs(library.file, found.add(name));
    }
    return found;
  };

  const programs: Record<string, { file: string; package: string; libraries: string[] }> = {};
  const used = new Set<string>();
  mkdirSync(join(directory, 'bin'), { recursive: true });
  mkdirSync(join(directory, 'lib'));
  mkdirSync(join(directory, 'copyright'));
  for (const each of packages) {
    for (const [path, names] of Object.entries(each.programs ?? {})) {
      const source = join(rootOf(each.package), path);
      const needed = [...needs(source)].sort();
      for (const name of needed) used.add(name);
      const file = basename(path);
      const changed = setInterpreter(readFileSync(source), libc.directory, [`${list.directory}/lib`]);
      writeFileSync(join(directory, 'bin', file), changed, { mode: 0o755 });
      for (const name of names) programs[name] = { file, package: each.package, libraries: needed };
    }
    for (const path of each.bootLoader ?? []) {
      const to = join(directory, 'boot-loader', path);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(rootOf(each.package), path), to, { recursive: true });
    }
    // The licences ask for it.
    const holder = documented(rootOf(each.package), each.package);
    const licence = join(rootOf(holder), 'usr/share/doc', holder, 'copyright');
    writeFileSync(join(directory, 'copyright', each.package), readFileSync(licence));
  }
  for (const name of used) {
    writeFileSync(join(directory, 'lib', name), readFileSync(libraries.get(name)?.file ?? ''));
  }

  const about = ({ package: name, version, licence, bootLoader, files }: Package) => ({
    name,
    version,
    licence,
    sha256: files[arch]?.sha256,
    purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}&distro=${list.distribution}-${list.release}`,
    bootLoader: bootLoader !== undefined,
  });
  const index = {
    distribution: list.distribution,
    release: list.release,
    directory: list.directory,
    packages: packages.map(about),
    libraries: Object.fromEntries([...used].sort().map((name) => [name, libraries.get(name)?.package])),
    programs,
  };
  writeFileSync(join(directory, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
}

function unpack({ package: name, files }: Package): string {
  const { path = '', sha256 = '', sha1 = '' } = files[arch] ?? {};
  const urls = list.sources.map((source) =>
    source.replace('PATH', path.replaceAll('+', '%2b')).replace('SHA1', sha1),
  );
  const kept = execFileSync('sh', ['scripts/fetch-package', basename(path), sha256, ...urls], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  execFileSync('dpkg-deb', ['-x', kept.trim(), join(work, name)]);
  return join(work, name);
}

/** The package whose documentation a package links to: it is the one with the text of the licence. */
function documented(root: string, name: string): string {
  const place = join(root, 'usr/share/doc', name);
  return lstatSync(place).isSymbolicLink() ? basename(readlinkSync(place)) : name;
}

/** The files that are named as programs ask for libraries. */
function librariesIn(root: string): string[] {
  return ['lib', 'usr/lib'].flatMap((place) => {
    const triplets = existsSync(join(root, place)) ? readdirSync(join(root, place)) : [];
    return triplets
      .filter((name) => name.endsWith('-linux-gnu'))
      .flatMap((name) => readdirSync(join(root, place, name)).map((file) => join(root, place, name, file)))
      .filter((file) => /\.so(\.\d+)+$/.test(file));
  });
}
