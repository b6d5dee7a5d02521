import { relative } from 'node:path';

/** The part of an Istanbul coverage map that is used here: statements, and how often each ran. */
export type CoverageMap = Readonly<
  Record<
    string,
    {
      readonly statementMap: Readonly<Record<string, { readonly start: { readonly line: number } }>>;
      readonly s: Readonly<Record<string, number>>;
    }
  >
>;

/** For each source file, relative to the project directory: its lines with code, and whether each ran. */
export type CoveredLines = Map<string, Map<number, boolean>>;

/** Number of lines with code in a wing, and of those that ran. */
export interface WingCoverage {
  readonly lines: number;
  readonly covered: number;
  /** In percent, to two decimals. */
  readonly percent: number;
}

/** The lowest coverage that the gate accepts, in percent of lines, by wing. */
export type Floors = Readonly<Record<string, number>>;

/** Merges the data of one map for the files of `project` into the known coverage. */
export function addCoverage(known: CoveredLines, map: CoverageMap, project: string): void {
  for (const [path, { statementMap, s }] of Object.entries(map)) {
    const file = relative(project, path);
    const lines = known.get(file) ?? new Map<number, boolean>();
    known.set(file, lines);
    for (const [id, { start }] of Object.entries(statementMap)) {
      lines.set(start.line, (lines.get(start.line) ?? false) || (s[id] ?? 0) > 0);
    }
  }
}

/** Sums up the lines of `src` by wing. */
export function summarizeWings(known: CoveredLines): Record<string, WingCoverage> {
  const wings: Record<string, WingCoverage> = {};
  for (const [file, lines] of [...known].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [top, wing] = file.split('/');
    if (top !== 'src' || wing === undefined) continue;
    const before = wings[wing];
    const all = (before?.lines ?? 0) + lines.size;
    const covered = (before?.covered ?? 0) + [...lines.values()].filter(Boolean).length;
    wings[wing] = {
      lines: all,
      covered,
      percent: all === 0 ? 100 : Math.floor((covered / all) * 10_000) / 100,
    };
  }
  return wings;
}

/** Returns one sentence for each wing that is below its floor, has no floor, or was not measured. */
export function judgeCoverage(wings: Readonly<Record<string, WingCoverage>>, floors: Floors): string[] {
  const found: string[] = [];
  for (const [wing, floor] of Object.entries(floors)) {
    const percent = wings[wing]?.percent;
    if (percent === undefined) found.push(`the coverage of ${wing} was not measured`);
    else if (percent < floor)
      found.push(`tests run ${percent} % of the lines of ${wing}; the floor is ${floor} %`);
  }
  for (const wing of Object.keys(wings))
    if (floors[wing] === undefined) found.push(`test/coverage-floors.json has no floor for ${wing}`);
  return found;
}

/** Returns the names of floors that were lowered or removed, such as `unit: common`. */
export function loweredFloors(
  before: Readonly<Record<string, Floors>>,
  now: Readonly<Record<string, Floors>>,
): string[] {
  return Object.entries(before).flatMap(([kinds, floors]) =>
    Object.entries(floors)
      .filter(([wing, floor]) => (now[kinds]?.[wing] ?? -1) < floor)
      .map(([wing]) => `${kinds}: ${wing}`),
  );
}
