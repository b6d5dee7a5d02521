/** A package that a package manager says is installed in a root. */
export interface InstalledPackage {
  readonly type: 'deb' | 'rpm' | 'apk';
  readonly name: string;
  /** As the package manager writes it, with the epoch where there is one: `1:2.3-4`. */
  readonly version: string;
  /** In the package manager's own words, such as `amd64`, `x86_64` or `all`. */
  readonly arch: string;
  /** The source package that it was built from. */
  readonly source?: { readonly name: string; readonly version: string };
  /**
   * What the package says of its licences, word for word, without doubles and sorted; empty when it does not say. Each
   * statement holds for some part of the package.
   */
  readonly licences: readonly string[];
  readonly maintainer?: string;
  readonly homepage?: string;
}

/** The order of an inventory: by name, then arch, then version; of the code units, so that it is the same everywhere. */
export function byName(a: InstalledPackage, b: InstalledPackage): number {
  return compare(a.name, b.name) || compare(a.arch, b.arch) || compare(a.version, b.version);
}

/** Statements on licences in the form that an inventory has them in. */
export function statements(found: Iterable<string>): string[] {
  const clean = [...found].map((statement) => statement.trim().replaceAll(/\s+/g, ' '));
  return [...new Set(clean.filter((statement) => statement !== ''))].sort(compare);
}

/** Text fields of a package that may be absent or empty, as an {@link InstalledPackage} has them. */
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
