import { basename, dirname, join } from 'node:path/posix';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { type Elf, readElf } from './elf.ts';

/** Directories that dynamic loaders search by default; Debian's also search those of the architecture. */
const TRUSTED = [
  '/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/lib/aarch64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/lib64',
  '/usr/lib64',
  '/lib',
  '/usr/lib',
];

/** What the programs of an initramfs consist of: content by absolute path. */
export type ProgramFiles = Map<string, Uint8Array>;

/** A file whose libraries are to be found. */
interface Pending {
  readonly path: string;
  /** Directories of the program that needs it, which its own libraries are looked up in, too. */
  readonly inherited: readonly string[];
  /** Names that the program has already loaded, among them that of its dynamic loader. */
  readonly loaded: Set<string>;
}

/**
 * Reads programs with their dynamic loader and all libraries that they need.
 * @throws FactoryError `step` when a library is missing
 */
export async function readPrograms(host: Host, programs: readonly string[]): Promise<ProgramFiles> {
  const files: ProgramFiles = new Map();
  const moved = new Set<string>();
  const configured = await configuredDirectories(host);
  const started = new Set(programs);
  const seen = new Set(started);
  const pending: Pending[] = [...started].map((path) => ({ path, inherited: [], loaded: new Set() }));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, loaded } = next;
    const bytes = await host.readBytes(path);
    if (bytes === undefined) throw missing(path, 'the initramfs needs it');
    files.set(path, bytes);
    const elf = readElf(bytes);
    if (elf === undefined) continue;
    const { places, inherited } = searchedBy(elf, next);
    // A C library can be started, too, but here it is a library.
    const interpreter = started.has(path) && elf.interpreter !== undefined ? [elf.interpreter] : [];
    for (const name of interpreter) await addLoader(host, name, loaded);
    for (const name of [...interpreter, ...elf.needed].filter((each) => !loaded.has(each))) {
      loaded.add(name);
      const { found, isForeign } = await findLibrary(host, name, { elf, of: path, places, configured });
      if (isForeign) moved.add(found);
      if (!seen.has(found)) pending.push({ path: found, inherited, loaded });
      seen.add(found);
    }
  }
  return beside(files, moved);
}

/** Where the libraries of a file are looked up, and what holds for the libraries of those. */
function searchedBy(elf: Elf, { path, inherited }: Pick<Pending, 'path' | 'inherited'>) {
  const own = elf.searched.map((place) => place.replace(/\$ORIGIN|\$\{ORIGIN\}/g, dirname(path)));
  if (!elf.isInherited) return { places: [...own, ...TRUSTED], inherited: [] };
  return { places: [...own, ...inherited, ...TRUSTED], inherited: [...own, ...inherited] };
}

/** Notes the name by which libraries need the dynamic loader of a program. */
async function addLoader(host: Host, interpreter: string, loaded: Set<string>): Promise<void> {
  const bytes = await host.readBytes(interpreter);
  const soname = bytes === undefined ? undefined : readElf(bytes)?.soname;
  if (soname !== undefined) loaded.add(soname);
}

/** Loaders read the directories of the configuration from a cache that the initramfs lacks: those files go beside the others. */
function beside(files: ProgramFiles, moved: ReadonlySet<string>): ProgramFiles {
  const home = [...files.keys()].find((path) => /^(libc\.so|libc\.musl|ld-musl)/.test(basename(path)));
  return new Map(
    [...files].map(([path, content]) => [
      moved.has(path) && home !== undefined ? join(dirname(home), basename(path)) : path,
      content,
    ]),
  );
}

/** Finds a library where the loader does. @returns its path, and whether only the loader's configuration names its directory */
async function findLibrary(
  host: Host,
  name: string,
  search: {
    readonly elf: Elf;
    readonly of: string;
    readonly places: readonly string[];
    readonly configured: readonly string[];
  },
): Promise<{ readonly found: string; readonly isForeign: boolean }> {
  const { elf, of, places, configured } = search;
  const usual = name.includes('/') ? [name] : places.map((directory) => join(directory, name));
  for (const found of [...usual, ...configured.map((directory) => join(directory, name))]) {
    const bytes = await host.readBytes(found);
    if (bytes === undefined || readElf(bytes)?.kind !== elf.kind) continue;
    return { found, isForeign: !usual.includes(found) };
  }
  throw missing(name, `${of} needs it`);
}

/** The directories of ld.so.conf(5), and of musl's `/etc/ld-musl-ARCH.path`. */
async function configuredDirectories(host: Host): Promise<string[]> {
  const names = (await host.list('/etc/ld.so.conf.d')).filter((name) => name.endsWith('.conf'));
  const musl = (await host.list('/etc')).filter((name) => /^ld-musl-.*\.path$/.test(name));
  const paths = [
    '/etc/ld.so.conf',
    ...names.map((name) => `/etc/ld.so.conf.d/${name}`),
    ...musl.map((name) => `/etc/${name}`),
  ];
  const texts = await Promise.all(paths.map((path) => host.readText(path)));
  const words = texts.flatMap((text) => (text ?? '').split(/[\s:,]+/));
  return words.filter((word) => word.startsWith('/') && !word.includes('*'));
}

function missing(name: string, why: string): FactoryError {
  return new FactoryError('IMAGE_INCOMPLETE', `the image has no ${name}: ${why}`, {
    remedy: 'Add the package that contains it.',
  });
}
