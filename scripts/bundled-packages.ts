import { readFileSync } from 'node:fs';

/** A package of npm that is part of a bundle. */
export interface BundledPackage {
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

/**
 * Lists the packages whose files are in a bundle, sorted by name and version.
 * @param metafile path of what "bun build --metafile" wrote
 * @throws SyntaxError when it, or the description of a package, is not JSON
 */
export function bundledPackages(metafile: string): BundledPackage[] {
  const { inputs } = read<{ inputs: Record<string, unknown> }>(metafile);
  const directories = new Set(Object.keys(inputs).flatMap((file) => home(file) ?? []));
  return [...directories]
    .map((directory) => ({ directory, ...describePackage(directory) }))
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

/** Name, version and licence of the package in a directory. @throws SyntaxError when its description is not JSON */
export function describePackage(directory: string): Omit<BundledPackage, 'directory'> {
  const { name, version, license, licenses } = read<PackageJson>(`${directory}/package.json`);
  return {
    name,
    version,
    licence: license ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'NOASSERTION',
  };
}

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  /** The form of old packages. */
  readonly licenses?: readonly { readonly type: string }[];
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/** The innermost package that a file belongs to: npm nests a second version of a package below the one that depends on it. */
function home(file: string): string | undefined {
  return /^.*\/?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}
