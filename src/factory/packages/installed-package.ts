/** A package that a package manager lists as installed in a root. */
export interface InstalledPackage {
  readonly type: 'deb' | 'rpm' | 'apk';
  readonly name: string;
  /** As the package manager writes it, including the epoch, if any: `1:2.3-4`. */
  readonly version: string;
  /** In the package manager's terms, such as `amd64`, `x86_64` or `all`. */
  readonly arch: string;
  /** The source package that it was built from. */
  readonly source?: { readonly name: string; readonly version: string };
  /**
   * The package's licence statements, verbatim, sorted and without duplicates; empty if it has none. Each statement applies
   * to some part of the package.
   */
  readonly licences: readonly string[];
  readonly maintainer?: string;
  readonly homepage?: string;
}

/** An installed package with the files that its database says are its own. */
export interface PackageFiles extends Pick<InstalledPackage, 'type' | 'name' | 'version' | 'arch'> {
  /** Without a leading slash; as the package has them, so a directory of a path may be a link in the root. */
  readonly paths: readonly string[];
}

/** Compares packages for sorting: by name, then arch, then version, by code units, so independent of the locale. */
export function byName(a: InstalledPackage, b: InstalledPackage): number {
  return compare(a.name, b.name) || compare(a.arch, b.arch) || compare(a.version, b.version);
}

/** Normalises licence statements: trims them, collapses white space, sorts them and removes empty and duplicate ones. */
export function statements(found: Iterable<string>): string[] {
  const clean = [...found].map((statement) => statement.trim().replaceAll(/\s+/g, ' '));
  return [...new Set(clean.filter((statement) => statement !== ''))].sort(compare);
}

/** Trims optional text fields of a package, and leaves out the absent and empty ones. */
export function optionalText<Key extends string>(
  fields: Readonly<Record<Key, string | undefined>>,
): Partial<Record<Key, string>> {
  const entries = Object.entries<string | undefined>(fields).filter(([, text]) => Boolean(text?.trim()));
  return Object.fromEntries(entries.map(([key, text]) => [key, text?.trim()])) as Partial<
    Record<Key, string>
  >;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
