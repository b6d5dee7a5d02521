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

/**
 * Reads programs with their dynamic loader and all libraries that they need.
 * @throws FactoryError `step` when a library is missing
 */
export async function readPrograms(host: Host, programs: readonly string[]): Promise<ProgramFiles> {
  const files: ProgramFiles = new Map();
  const configured = await configuredDirectories(host);
  const seen = new Set<string>();
  const pending = [...new Set(programs)];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const bytes = await host.readBytes(path);
    if (bytes === undefined) throw missing(path, 'the initramfs needs it');
    files.set(path, bytes);
    const elf = readElf(bytes);
    if (elf === undefined) continue;
    const needed = elf.interpreter === undefined ? elf.needed : [elf.interpreter, ...elf.needed];
    for (const name of needed) {
      // The C library names the loader, which is already there under its path.
      if (seen.has(`${elf.kind} ${basename(name)}`)) continue;
      const found = await findLibrary(host, name, { elf, of: path, configured });
      if (found === undefined) throw missing(name, `${path} needs it`);
      seen.add(`${elf.kind} ${basename(name)}`);
      pending.push(found);
    }
  }
  return beside(files);
}

/** Loaders read the directories of the configuration from a cache that the initramfs lacks: those files go beside the others. */
function beside(files: ProgramFiles): ProgramFiles {
  const home = [...files.keys()].find((path) => /^(libc\.so|libc\.musl|ld-musl)/.test(basename(path)));
  return new Map(
    [...files].map(([path, content]) => {
      const isForeign = /\.so(\.|$)/.test(basename(path)) && !TRUSTED.includes(dirname(path));
      return [isForeign && home !== undefined ? join(dirname(home), basename(path)) : path, content];
    }),
  );
}

async function findLibrary(
  host: Host,
  name: string,
  { elf, of, configured }: { readonly elf: Elf; readonly of: string; readonly configured: readonly string[] },
): Promise<string | undefined> {
  const own = elf.searched.map((path) => path.replace(/\$ORIGIN|\$\{ORIGIN\}/g, dirname(of)));
  const places = name.includes('/')
    ? [name]
    : [...own, ...TRUSTED, ...configured].map((directory) => join(directory, name));
  for (const place of places) {
    const bytes = await host.readBytes(place);
    if (bytes !== undefined && readElf(bytes)?.kind === elf.kind) return place;
  }
  return undefined;
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
