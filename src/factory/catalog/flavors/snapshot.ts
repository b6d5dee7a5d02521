import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Flavor } from './schema.ts';
import { holds, type Target } from './select.ts';

/** A package archive as it was at a time of the past. */
export interface SnapshotSource {
  readonly uri: string;
  /** What apt calls suites, or pockets; none for archives without them. */
  readonly suites: readonly string[];
  /** Where the same packages are today, for the system that results. */
  readonly live: string;
}

/** A time of the past, in UTC, as the archives of Debian and Ubuntu write it: `20260131T093000Z`. */
const TIMESTAMP = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/**
 * Reads a time of the past: `2026-01-31`, which is the beginning of that day in UTC, `2026-01-31T09:30:00Z`, or
 * `20260131T093000Z`.
 * @returns the last of these forms, or `undefined` when it is none of them
 */
export function parseSnapshot(text: string): string | undefined {
  const packed = text.replaceAll(/[-:]/g, '');
  const full = /^\d{8}$/.test(packed) ? `${packed}T000000Z` : packed;
  const match = TIMESTAMP.exec(full);
  if (match === null || !/^(\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?|\d{8}T\d{6}Z)$/.test(text)) return undefined;
  const time = snapshotTime(full);
  // A day that the calendar does not have becomes another one, or none.
  return !Number.isNaN(time) && new Date(time).toISOString() === isoOf(full) ? full : undefined;
}

/** Milliseconds since 1970. */
export function snapshotTime(timestamp: string): number {
  return Date.parse(isoOf(timestamp));
}

function isoOf(timestamp: string): string {
  return timestamp.replace(TIMESTAMP, '$1-$2-$3T$4:$5:$6.000Z');
}

/**
 * The package archives of a release as they were at a time.
 * @param suite the release's name in the archive
 * @param timestamp as of {@link parseSnapshot}
 * @param mirror of the flavor's archive of snapshots, in its place
 * @throws FactoryError `usage` when the flavor's distribution keeps none, or none that old
 */
export function snapshotSources(
  flavor: Flavor,
  target: Target,
  suite: string,
  timestamp: string,
  mirror?: string,
): SnapshotSource[] {
  const snapshot = requireSnapshots(flavor);
  const sources = snapshot.sources.filter((source) => holds({ name: source.path, ...source }, target));
  if (sources.length === 0) throw noSnapshots(flavor, ` for ${suite}`);
  if (snapshotTime(timestamp) < Date.parse(snapshot.since)) {
    throw new FactoryError(
      'SNAPSHOT_UNAVAILABLE',
      `the snapshots of ${flavor.title} begin on ${snapshot.since}`,
      {
        remedy: 'Give a later date.',
      },
    );
  }
  const values: Readonly<Record<string, string>> = { suite, timestamp, date: timestamp.slice(0, 8) };
  const fill = (text: string) =>
    text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  const archive = (mirror ?? snapshot.archive).replace(/\/+$/, '');
  return sources.map(({ path, suites, live }) => ({
    uri: fill(`${archive}/${path}`),
    suites: suites.map(fill),
    live,
  }));
}

/** The archive of snapshots of a distribution. @throws FactoryError `usage` when it keeps none */
export function requireSnapshots(flavor: Flavor): NonNullable<Flavor['snapshot']> {
  if (flavor.snapshot === undefined) throw noSnapshots(flavor);
  return flavor.snapshot;
}

function noSnapshots({ name }: Flavor, which = ''): FactoryError {
  return new FactoryError('SNAPSHOT_UNAVAILABLE', `flavor ${name} knows no archive of snapshots${which}`, {
    remedy: 'Leave --snapshot out; the lock file and --locked hold packages to their versions all the same.',
  });
}

/**
 * Lines of a sources.list(5). Release files of the past have expired, as they should where the present is asked for; their
 * signatures are checked as ever.
 */
export function aptSnapshot(sources: readonly SnapshotSource[], components: readonly string[]): string[] {
  return aptLines(
    sources.map(({ uri, suites }) => ({ uri: `[check-valid-until=no] ${uri}`, suites })),
    components,
  );
}

/** The lines that stand for the same archives of today. */
export function aptLive(sources: readonly SnapshotSource[], components: readonly string[]): string[] {
  return aptLines(
    sources.map(({ live, suites }) => ({ uri: live, suites })),
    components,
  );
}

function aptLines(
  sources: readonly { readonly uri: string; readonly suites: readonly string[] }[],
  components: readonly string[],
): string[] {
  return sources.flatMap(({ uri, suites }) =>
    suites.map((suite) => `deb ${uri} ${suite} ${components.join(' ')}`),
  );
}
