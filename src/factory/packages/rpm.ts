import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FactoryError, reasonOf } from '../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../common/files/resolve-in-root.ts';
import type { InstalledPackage } from './installed-package.ts';
import { fileInRoot, readInRoot } from './read-in-root.ts';
import { bdbHeaders } from './rpm-bdb.ts';
import { rpmPackage } from './rpm-header.ts';
import { ndbHeaders } from './rpm-ndb.ts';
import { sqliteBlobs } from './sqlite-blobs.ts';

/** The directories of rpm's database: today's (Fedora, SUSE), and the older one. */
const DIRECTORIES = ['/usr/lib/sysimage/rpm', '/var/lib/rpm'];

/**
 * Reads the packages that rpm installed, from its SQLite (Fedora, Rocky 9), ndb (SUSE) or Berkeley DB (Rocky 8) database. We read
 * it ourselves, because few hosts have rpm, and Debian's does not support ndb.
 * @param root host path of the tree
 * @returns in the order of the database; empty without one
 * @throws FactoryError `step` when the database is damaged or hostile
 */
export function readRpmPackages(root: string): Promise<InstalledPackage[]> {
  return readRpmDatabases(root, rpmPackage);
}

/**
 * Reads what `parse` takes from each header of the databases; it returns `undefined` for a header to leave out.
 * @throws FactoryError `step` when a database is damaged or hostile, or `parse` throws
 */
export async function readRpmDatabases<T>(
  root: string,
  parse: (header: Uint8Array) => T | undefined,
): Promise<T[]> {
  const seen = new Set<string>();
  const found: T[] = [];
  for (const directory of DIRECTORIES) {
    const place = await resolveInRoot(root, directory);
    // One may be a link to the other.
    if (place === undefined || seen.has(place)) continue;
    seen.add(place);
    found.push(...(await readDatabase(root, directory, parse)));
  }
  return found;
}

async function readDatabase<T>(
  root: string,
  directory: string,
  parse: (header: Uint8Array) => T | undefined,
): Promise<T[]> {
  const parsed = (headers: Iterable<Uint8Array>) =>
    [...headers].map(parse).filter((found): found is T & {} => found !== undefined);
  const damaged = (file: string, cause: unknown) =>
    new FactoryError(
      'PACKAGE_DATABASE_UNREADABLE',
      `${directory}/${file} of the image cannot be read: ${reasonOf(cause)}`,
      {
        remedy: 'Try to repair it with rpm --rebuilddb in the image.',
        cause,
      },
    );
  try {
    const sqlite = await sqliteHeaders(root, `${directory}/rpmdb.sqlite`);
    if (sqlite !== undefined) return parsed(sqlite);
  } catch (error) {
    throw damaged('rpmdb.sqlite', error);
  }
  const ndb = await readInRoot(root, `${directory}/Packages.db`);
  try {
    if (ndb !== undefined) return parsed(ndbHeaders(ndb));
  } catch (error) {
    throw damaged('Packages.db', error);
  }
  const berkeley = await readInRoot(root, `${directory}/Packages`);
  try {
    return berkeley === undefined ? [] : parsed(bdbHeaders(berkeley));
  } catch (error) {
    throw damaged('Packages', error);
  }
}

/** Reads the headers of an SQLite database; `undefined` when there is none. */
async function sqliteHeaders(root: string, path: string): Promise<Uint8Array[] | undefined> {
  const file = await fileInRoot(root, path);
  if (file === undefined) return undefined;
  // A copy, because SQLite writes files next to the database. The log may hold changes of an interrupted rpm.
  const copy = await mkdtemp(join(tmpdir(), 'kairos-factory-rpm-'));
  try {
    await copyFile(file, join(copy, 'rpmdb.sqlite'));
    const log = await fileInRoot(root, `${path}-wal`);
    if (log !== undefined) await copyFile(log, join(copy, 'rpmdb.sqlite-wal'));
    return await sqliteBlobs(join(copy, 'rpmdb.sqlite'), {
      table: 'Packages',
      column: 'blob',
      order: 'hnum',
    });
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
