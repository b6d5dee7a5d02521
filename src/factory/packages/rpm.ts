import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../common/files/resolve-in-root.ts';
import type { InstalledPackage } from './installed-package.ts';
import { fileInRoot, readInRoot } from './read-in-root.ts';
import { rpmPackage } from './rpm-header.ts';
import { ndbHeaders } from './rpm-ndb.ts';

/** Where rpm keeps its database: Fedora and SUSE, and all before them. */
const DIRECTORIES = ['/usr/lib/sysimage/rpm', '/var/lib/rpm'];

/**
 * Packages of rpm, out of its database: SQLite (Fedora, Rocky) or ndb (SUSE). We read it ourselves and not through the host's
 * rpm: few hosts have one, and Debian's knows no ndb.
 * @throws FactoryError `step` for a database that is damaged, or of the Berkeley DB that rpm had before 2021
 */
export async function readRpmPackages(root: string): Promise<InstalledPackage[]> {
  const seen = new Set<string>();
  const packages: InstalledPackage[] = [];
  for (const directory of DIRECTORIES) {
    const place = await resolveInRoot(root, directory);
    // Either may be a link to the other.
    if (place === undefined || seen.has(place)) continue;
    seen.add(place);
    packages.push(...(await readDatabase(root, directory)));
  }
  return packages;
}

async function readDatabase(root: string, directory: string): Promise<InstalledPackage[]> {
  const damaged = (file: string, cause: unknown) =>
    new FactoryError(
      'PACKAGE_DATABASE_UNREADABLE',
      `${directory}/${file} of the image cannot be read: ${messageOf(cause)}`,
      {
        remedy: 'Look at it with rpm --rebuilddb in the image.',
        cause,
      },
    );
  try {
    const sqlite = await sqliteHeaders(root, `${directory}/rpmdb.sqlite`);
    if (sqlite !== undefined) return packagesOf(sqlite);
  } catch (error) {
    throw damaged('rpmdb.sqlite', error);
  }
  const ndb = await readInRoot(root, `${directory}/Packages.db`);
  try {
    if (ndb !== undefined) return packagesOf(ndbHeaders(ndb));
  } catch (error) {
    throw damaged('Packages.db', error);
  }
  if ((await resolveInRoot(root, `${directory}/Packages`)) === undefined) return [];
  throw new FactoryError(
    'PACKAGE_DATABASE_UNREADABLE',
    `${directory}/Packages of the image is of a format that rpm has given up`,
    {
      remedy:
        'Run rpm --rebuilddb with rpm 4.17 or newer in the image, take a newer release of the base, or do without an SBOM (--set sbom=false).',
    },
  );
}

function packagesOf(headers: Iterable<Uint8Array>): InstalledPackage[] {
  return [...headers].map(rpmPackage).filter((found) => found !== undefined);
}

/** The headers of a database of the format SQLite; `undefined` when there is none. */
async function sqliteHeaders(root: string, path: string): Promise<Uint8Array[] | undefined> {
  const file = await fileInRoot(root, path);
  if (file === undefined) return undefined;
  const { DatabaseSync } = await import('node:sqlite');
  // A copy: SQLite writes beside a database that it reads, and what a killed rpm left in the log belongs to it.
  const copy = await mkdtemp(join(tmpdir(), 'kairos-factory-rpm-'));
  try {
    await copyFile(file, join(copy, 'rpmdb.sqlite'));
    const log = await fileInRoot(root, `${path}-wal`);
    if (log !== undefined) await copyFile(log, join(copy, 'rpmdb.sqlite-wal'));
    const database = new DatabaseSync(join(copy, 'rpmdb.sqlite'), { allowExtension: false });
    try {
      database.exec('PRAGMA trusted_schema = OFF');
      const rows = database.prepare('SELECT blob FROM Packages ORDER BY hnum').all();
      return rows.map(({ blob }) => {
        if (blob instanceof Uint8Array) return blob;
        throw new RangeError('a package without a header');
      });
    } finally {
      database.close();
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
