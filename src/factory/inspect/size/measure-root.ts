import type { PackageFiles } from '../../packages/installed-package.ts';
import { readPackageFiles } from '../../packages/package-files.ts';
import type { RootFile, RootView } from '../root/root-view.ts';
import { PART_NAMES, partOfFile } from './part-of-file.ts';

/** Something that takes room. */
export interface SizeEntry {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
}

/** The size of a package: that of the files that are its own. */
export interface PackageSize extends SizeEntry {
  readonly type: 'deb' | 'rpm' | 'apk';
  readonly version: string;
  readonly arch: string;
}

/** What makes a root large. Every list is sorted, the largest first. */
export interface RootSize {
  /** Bytes of all files, hard links counted once, unpacked. */
  readonly content: number;
  readonly files: number;
  readonly packages: readonly PackageSize[];
  /** Bytes of the files that no package lists. */
  readonly unpackaged: number;
  /** Directories up to three levels deep, with what is below them. */
  readonly directories: readonly SizeEntry[];
  /** Kernel, modules, firmware, initramfs, agent, …; together they are the content. */
  readonly parts: readonly SizeEntry[];
}

const LEVELS = 3;

/** Measures a root by package, directory and part. @throws FactoryError `step` when a package database cannot be read */
export async function measureRoot({ files, directory }: RootView): Promise<RootSize> {
  const regular = files.filter(({ kind }) => kind === 'file');
  const { packages, unpackaged } = byPackage(regular, await readPackageFiles(directory), linksOf(files));
  const directories = new Map<string, number>();
  const parts = new Map(PART_NAMES.map((name) => [name, 0]));
  let content = 0;
  for (const { path, size } of regular) {
    content += size;
    add(parts, partOfFile(path), size);
    const names = path.split('/').slice(0, -1);
    for (let level = 1; level <= Math.min(LEVELS, names.length); level += 1)
      add(directories, `/${names.slice(0, level).join('/')}`, size);
  }
  return {
    content,
    files: regular.length,
    packages,
    unpackaged,
    directories: entriesOf(directories),
    parts: entriesOf(parts).filter(({ size }) => size > 0),
  };
}

function byPackage(
  files: readonly RootFile[],
  packages: readonly PackageFiles[],
  links: ReadonlyMap<string, string>,
): Pick<RootSize, 'packages' | 'unpackaged'> {
  const rest = new Map(files.map(({ path, size }) => [path, size]));
  const measured = packages.map(({ paths, ...found }): PackageSize => {
    let size = 0;
    for (const path of paths) {
      const real = withoutLink(path, links);
      size += rest.get(real) ?? 0;
      // A file counts for the first package that lists it.
      rest.delete(real);
    }
    return { ...found, size };
  });
  const unpackaged = [...rest.values()].reduce((sum, size) => sum + size, 0);
  return { packages: measured.sort(bySize), unpackaged };
}

/** The links at the top of a root, such as `lib` to `usr/lib`: packages list files under either name. */
function linksOf(files: readonly RootFile[]): ReadonlyMap<string, string> {
  return new Map(
    files.flatMap(({ path, kind, target = '' }) =>
      kind === 'symlink' && !path.includes('/') ? [[path, target.replace(/^\/+/, '')] as const] : [],
    ),
  );
}

function withoutLink(path: string, links: ReadonlyMap<string, string>): string {
  const end = path.indexOf('/');
  const target = end === -1 ? undefined : links.get(path.slice(0, end));
  return target === undefined ? path : target + path.slice(end);
}

function add(sums: Map<string, number>, name: string, size: number): void {
  sums.set(name, (sums.get(name) ?? 0) + size);
}

function entriesOf(sums: ReadonlyMap<string, number>): SizeEntry[] {
  return [...sums].map(([name, size]) => ({ name, size })).sort(bySize);
}

function bySize(a: SizeEntry, b: SizeEntry): number {
  return b.size - a.size || (a.name < b.name ? -1 : 1);
}
