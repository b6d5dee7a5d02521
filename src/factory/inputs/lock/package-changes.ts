/** Versions by package, `NAME:ARCH`. */
export type PackageVersions = Readonly<Record<string, string>>;

/** A package that is not in both of two states, or not in the same version. */
export interface PackageChange {
  /** `NAME:ARCH`. */
  readonly package: string;
  /** Absent when it was added. */
  readonly before?: string;
  /** Absent when it was removed. */
  readonly after?: string;
}

/** What was added, removed and changed from one state to another, sorted by package. */
export function comparePackages(before: PackageVersions, after: PackageVersions): PackageChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [old, now] = [before[name], after[name]];
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

/** One line for a person. */
export function formatPackageChange({ package: name, before, after }: PackageChange): string {
  if (before === undefined) return `added    ${name} ${after}`;
  if (after === undefined) return `removed  ${name} ${before}`;
  return `changed  ${name} ${before} -> ${after}`;
}
