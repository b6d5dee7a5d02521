/** Versions by package, `NAME:ARCH`. */
export type PackageVersions = Readonly<Record<string, string>>;

/** A package that was added, removed or changed. */
export interface PackageChange {
  /** `NAME:ARCH`. */
  readonly package: string;
  /** Absent when it was added. */
  readonly before?: string;
  /** Absent when it was removed. */
  readonly after?: string;
}

/** Lists the packages that were added, removed or changed from one state to another, sorted by package. */
export function comparePackages(before: PackageVersions, after: PackageVersions): PackageChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const old = before[name];
    const now = after[name];
    if (old === now) return [];
    return [
      {
        package: name,
        ...(old === undefined ? {} : { before: old }),
        ...(now === undefined ? {} : { after: now }),
      },
    ];
  });
}

/** Formats a change as one line of output. */
export function formatPackageChange({ package: name, before, after }: PackageChange): string {
  if (before === undefined) return `added    ${name} ${after}`;
  if (after === undefined) return `removed  ${name} ${before}`;
  return `changed  ${name} ${before} -> ${after}`;
}
