import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPackages } from '../../../../src/factory/packages/read-packages.ts';
import { bdbHeaders } from '../../../../src/factory/packages/rpm-bdb.ts';
import { rpmPackage } from '../../../../src/factory/packages/rpm-header.ts';
import { ndbHeaders } from '../../../../src/factory/packages/rpm-ndb.ts';
import { sqliteBlobs } from '../../../../src/factory/packages/sqlite-blobs.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { ndbDatabase, rpmHeader } from './rpm-format.ts';

// test/integration/packages.test.ts reads databases that the real rpm wrote.
const FIELDS = {
  name: 'bash',
  version: '5.2',
  release: '1.fc42',
  epoch: 1,
  license: 'GPL-3.0-or-later',
  vendor: 'Fedora Project',
  url: 'https://www.gnu.org/software/bash',
  arch: 'x86_64',
  sourceRpm: 'bash-source-5.2-1.fc42.src.rpm',
} as const;
const BASH = {
  ...{ type: 'rpm', name: 'bash', version: '1:5.2-1.fc42', arch: 'x86_64', licences: ['GPL-3.0-or-later'] },
  source: { name: 'bash-source', version: '5.2-1.fc42' },
  maintainer: 'Fedora Project',
  homepage: 'https://www.gnu.org/software/bash',
};

describe('rpmPackage', () => {
  test('reads the tags of a header', () => {
    expect(rpmPackage(rpmHeader(FIELDS))).toEqual(BASH);
  });

  test('reads a package without epoch, source and licence', () => {
    expect(rpmPackage(rpmHeader({ name: 'a', version: '1', release: '2' }))).toEqual({
      ...{ type: 'rpm', name: 'a', version: '1-2', arch: 'noarch', licences: [] },
    });
  });

  test('skips signing keys', () => {
    expect(rpmPackage(rpmHeader({ name: 'gpg-pubkey', version: '1', release: '2' }))).toBeUndefined();
  });

  test('rejects everything that is not a header, with a RangeError only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => rpmPackage(bytes)).toThrow(RangeError);
      }),
    );
    const whole = rpmHeader(FIELDS);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
        expect(() => rpmPackage(whole.subarray(0, length))).toThrow(RangeError);
      }),
    );
  });
});

describe('ndb', () => {
  test('yields the headers of a database', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { maxLength: 20 }), (blobs) => {
        expect([...ndbHeaders(ndbDatabase(blobs))].map((blob) => [...blob])).toEqual(
          blobs.map((blob) => [...blob]),
        );
      }),
    );
  });

  test('is read once from the directory of SUSE, although the old directory links to it', async () => {
    const root = plant(temporaryDirectory(), {
      'usr/lib/sysimage/rpm/Packages.db': ndbDatabase([rpmHeader(FIELDS)]),
      'var/lib/rpm': { link: '../../usr/lib/sysimage/rpm' },
    });
    expect(await readPackages(root)).toEqual([BASH]);
  });
});

/** Writes a database with the real Berkeley DB, which Perl has. */
function berkeleyDatabase(headers: readonly Buffer[]): Buffer {
  const file = join(temporaryDirectory(), 'Packages');
  const script = `use DB_File; use Fcntl; my %db;
    tie %db, 'DB_File', $ARGV[0], O_CREAT | O_RDWR, 0644, $DB_HASH or die $!;
    my $index = 0;
    $db{pack('V', 0)} = pack('V', 99);
    while (read(STDIN, my $size, 4)) { read(STDIN, my $header, unpack('V', $size)); $db{pack('V', ++$index)} = $header }
    untie %db;`;
  const input = headers.flatMap((header) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(header.length);
    return [size, header];
  });
  execFileSync('perl', ['-e', script, file], { input: Buffer.concat(input) });
  return readFileSync(file);
}

describe('Berkeley DB', () => {
  // Real headers have files and scripts in them, so they are larger than a page.
  const large = (name: string, size: number) => rpmHeader({ ...FIELDS, name, vendor: 'x'.repeat(size) });

  test('yields the headers of a database that the real library wrote', async () => {
    const sizes = [5000, 4096, 20_000, 300_000, ...Array.from({ length: 40 }, (_, index) => 6000 + index)];
    const names = sizes.map((_, index) => `package-${String(index).padStart(2, '0')}`);
    const database = berkeleyDatabase(sizes.map((size, index) => large(names[index] ?? '', size)));
    const root = plant(temporaryDirectory(), { 'var/lib/rpm/Packages': database });
    const found = await readPackages(root);
    expect(found.map(({ name }) => name)).toEqual(names);
    expect(found[0]).toMatchObject({ ...BASH, name: 'package-00', maintainer: 'x'.repeat(5000) });
  });

  test('of arbitrary damage ends with its headers or a RangeError', () => {
    const whole = berkeleyDatabase([large('a', 9000), large('b', 30_000)]);
    const damage = fc.record({
      at: fc.integer({ min: 0, max: whole.length - 1 }),
      byte: fc.integer({ min: 0, max: 255 }),
      length: fc.integer({ min: 0, max: whole.length }),
    });
    fc.assert(
      fc.property(damage, ({ at, byte, length }) => {
        const changed = Buffer.from(whole);
        changed[at] = byte;
        for (const bytes of [changed, whole.subarray(0, length)]) {
          try {
            for (const header of bdbHeaders(bytes)) expect(header.length).toBeLessThanOrEqual(whole.length);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a hostile SQLite database', () => {
  const ENDLESS =
    'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS hnum, x AS blob FROM n';

  test.each([
    ['a view with an endless query', `CREATE VIEW Packages AS ${ENDLESS}`, /Packages is not a table/],
    [
      'a view that reads a table',
      'CREATE TABLE p(hnum, blob); CREATE VIEW Packages AS SELECT * FROM p',
      /Packages is not a table/,
    ],
    ['a virtual table', 'CREATE VIRTUAL TABLE Packages USING fts5(hnum, blob)', /Packages is not a table/],
    [
      'a column that is computed',
      'CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob AS (zeroblob(900000000))); INSERT INTO Packages VALUES (1)',
      /does not have the columns of a package database/,
    ],
    ['no such table', 'CREATE TABLE other(hnum, blob)', /Packages is not a table/],
    [
      'a text instead of a header',
      "CREATE TABLE Packages(hnum, blob); INSERT INTO Packages VALUES (1, 'x')",
      /no header/,
    ],
  ])('%s is refused', async (_, schema, message) => {
    const root = plant(temporaryDirectory(), { 'var/lib/rpm/x': '' });
    const database = new DatabaseSync(join(root, 'var/lib/rpm/rpmdb.sqlite'));
    database.exec(schema);
    database.close();
    await expect(readPackages(root)).rejects.toThrow(
      expect.objectContaining({
        code: 'PACKAGE_DATABASE_UNREADABLE',
        message: expect.stringMatching(message),
      }),
    );
  });

  test('a query that takes too long is ended', async () => {
    const file = join(temporaryDirectory(), 'slow.sqlite');
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE Packages(hnum, blob)');
    database.close();
    await expect(
      sqliteBlobs(file, { table: 'Packages', column: 'blob', order: 'hnum', milliseconds: 1 }),
    ).rejects.toThrow(/took longer/);
  });
});

describe('a database that cannot be read', () => {
  test.each([
    [
      'usr/lib/sysimage/rpm/Packages.db',
      'nonsense',
      /Packages\.db of the image cannot be read: "RpmP" is missing at byte 0/,
    ],
    ['var/lib/rpm/rpmdb.sqlite', 'nonsense', /rpmdb\.sqlite of the image cannot be read/],
    ['var/lib/rpm/Packages', 'b-tree', /rpm\/Packages of the image cannot be read: it is cut short/],
    ['var/lib/rpm/Packages', 'b-tree'.repeat(1000), /it is not a hash database of Berkeley DB/],
  ])('%s', async (path, content, message) => {
    const root = plant(temporaryDirectory(), { [path]: content });
    await expect(readPackages(root)).rejects.toThrow(
      expect.objectContaining({ kind: 'step', message: expect.stringMatching(message) }),
    );
  });
});
