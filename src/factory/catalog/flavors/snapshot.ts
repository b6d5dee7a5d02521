import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Flavor } from './schema.ts';
import { holds, type Target } from './select.ts';

/** A package archive at a time in the past. */
export interface SnapshotSource {
  readonly uri: string;
  /** Suites or pockets, in the terms of apt; empty for archives without them. */
  readonly suites: readonly string[];
  /** URL of the live archive, which the resulting system uses. */
  readonly live: string;
}

/** A UTC time in the form of the snapshot archives of Debian and Ubuntu: `20260131T093000Z`. */
const TIMESTAMP = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;

/**
 * Parses a time: `2026-01-31`, which is the start of that day in UTC, `2026-01-31T09:30:00Z`, or `20260131T093000Z`.
 * @returns the last of these forms; `undefined` for any other text
 */
export function parseSnapshot(text: string): string | undefined {
  const packed = text.replaceAll(/[-:]/g, '');
  const full = /^\d{8}$/.test(packed) ? `${packed}T000000Z` : packed;
  const match = TIMESTAMP.exec(full);
  if (match === null || !/^(\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?|\d{8}T\d{6}Z)$/.test(text)) return undefined;
  const time = snapshotTime(full);
  // A date that does not exist is parsed as another one, or as none.
  return !Number.isNaN(time) && new Date(time).toISOString() === isoOf(full) ? full : undefined;
}

/** Converts a timestamp of {@link parseSnapshot} to milliseconds since 1970. */
export function snapshotTime(timestamp: string): number {
  return Date.parse(isoOf(timestamp));
}

function isoOf(timestamp: string): string {
  return timestamp.replace(TIMESTAMP, '$1-$2-$3T$4:$5:$6.000Z');
}

/**
 * Returns the package archives of a release at a time in the past.
 * @param request.suite the release's name in the archive
 * @param request.timestamp in the form of {@link parseSnapshot}
 * @param request.mirror URL of a mirror to use instead of the flavor's snapshot archive
 * @throws FactoryError `usage` when the distribution has no snapshots, or none that old
 */
export function snapshotSources(
  flavor: Flavor,
  target: Target,
  {
    suite,
    timestamp,
    mirror,
  }: { readonly suite: string; readonly timestamp: string; readonly mirror?: string | undefined },
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

/** Returns the snapshot archive of a distribution. @throws FactoryError `usage` when it has none */
export function requireSnapshots(flavor: Flavor): NonNullable<Flavor['snapshot']> {
  if (flavor.snapshot === undefined) throw noSnapshots(flavor);
  return flavor.snapshot;
}

function noSnapshots({ name }: Flavor, which = ''): FactoryError {
  return new FactoryError('SNAPSHOT_UNAVAILABLE', `flavor ${name} has no snapshot archive${which}`, {
    remedy: 'Remove --snapshot; the lock file and --locked also pin package versions.',
  });
}

/**
 * Formats snapshots as lines of a sources.list(5). Their Release files have expired, so the expiry is not checked, but the
 * signatures still are.
 */
export function aptSnapshot(sources: readonly SnapshotSource[], components: readonly string[]): string[] {
  return aptLines(
    sources.map(({ uri, suites }) => ({ uri: `[check-valid-until=no] ${uri}`, suites })),
    components,
  );
}

/** Formats the matching live archives as lines of a sources.list(5). */
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
