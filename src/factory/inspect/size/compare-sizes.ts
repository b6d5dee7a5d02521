import type { RootSize, SizeEntry } from './measure-root.ts';

/** What takes more or less room than before. */
export interface SizeChange {
  readonly name: string;
  /** Bytes; 0 when it was not there. */
  readonly before: number;
  readonly after: number;
}

/** The differences between the sizes of two roots. Every list is sorted, what grew most first. */
export interface SizeDifference {
  readonly content: SizeChange;
  readonly packages: readonly SizeChange[];
  readonly directories: readonly SizeChange[];
  readonly parts: readonly SizeChange[];
}

/** Compares the sizes of two roots. Only what differs is listed. */
export function compareSizes(before: RootSize, after: RootSize): SizeDifference {
  const named = ({ packages, unpackaged }: RootSize) => [
    ...packages.map(({ name, arch, size }) => ({ name: `${name}:${arch}`, size })),
    { name: 'files of no package', size: unpackaged },
  ];
  return {
    content: { name: 'content', before: before.content, after: after.content },
    packages: changes(named(before), named(after)),
    directories: changes(before.directories, after.directories),
    parts: changes(before.parts, after.parts),
  };
}

function changes(before: readonly SizeEntry[], after: readonly SizeEntry[]): SizeChange[] {
  const old = sums(before);
  const now = sums(after);
  const names = [...new Set([...old.keys(), ...now.keys()])];
  return names
    .map((name) => ({ name, before: old.get(name) ?? 0, after: now.get(name) ?? 0 }))
    .filter((change) => change.before !== change.after)
    .sort((a, b) => growth(b) - growth(a) || (a.name < b.name ? -1 : 1));
}

/** Several packages may have one name, such as kernels. */
function sums(entries: readonly SizeEntry[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { name, size } of entries) found.set(name, (found.get(name) ?? 0) + size);
  return found;
}

/** Bytes by which something grew. */
export function growth({ before, after }: SizeChange): number {
  return after - before;
}
