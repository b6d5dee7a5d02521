import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aptSnapshot } from '../../src/factory/catalog/flavors/snapshot.ts';
import { type FileServer, makeArchiveKey, serveFiles, writeArchive } from '../support/apt-archive.ts';

// The real apt and dpkg, on small signed archives on a loopback server: a current one, and a snapshot with the path layout
// and the expired Release file of snapshot.debian.org. They run in an overlay of this machine's root, inside a mount
// namespace that ends with them.

const BUILD = new URL('../../templates/build/', import.meta.url).pathname;
const asRoot = process.getuid?.() === 0;
const PAST = '20260131T093000Z';
const MADE = { past: Date.UTC(2026, 0, 30, 12) / 1000, now: Math.floor(Date.now() / 1000) - 3600 };

describe.skipIf(!asRoot)('archives of apt (needs to be root: mounts an overlay, changes its root)', () => {
  let home: string;
  let server: FileServer;
  const served = (...path: string[]) => join(home, 'served', ...path);

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'apt-archives-'));
    const key = await makeArchiveKey(join(home, 'gnupg'));
    const date = (seconds: number) => new Date(seconds * 1000);
    const app = { name: 'kairos-app', version: '1', depends: 'kairos-lib' };
    const lib = (...versions: string[]) => versions.map((version) => ({ name: 'kairos-lib', version }));
    const now = { made: date(MADE.now), until: date(MADE.now + 7 * 86_400) };
    const then = { made: date(MADE.past), until: date(MADE.past + 7 * 86_400) };
    await writeArchive(served('now'), [app, ...lib('2.0', '3.0')], key, now);
    await writeArchive(served('past/debian', PAST), [app, ...lib('1.0')], key, then);
    await cp(served('past/debian', PAST), served('past/tampered', PAST), { recursive: true });
    const index = served('past/tampered', PAST, 'dists/stable/main/binary-amd64/Packages');
    await writeFile(index, (await readFile(index, 'utf8')).replace('Version: 1.0', 'Version: 6.6'));
    server = await serveFiles(join(home, 'served'));
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  const snapshotOf = (name: string) => [
    { uri: `${server.address}/past/${name}/${PAST}`, suites: ['stable'], live: '' },
  ];

  interface Installed {
    readonly status: number;
    readonly output: string;
    readonly version: string | undefined;
    readonly epoch: number;
    readonly sources: string;
  }

  /** Runs `install-apt.sh` for the package `kairos-app`, in a root whose source is the current archive. */
  async function install(
    files: Readonly<Record<string, readonly string[]>>,
    { source = 'now', base = '' } = {},
  ): Promise<Installed> {
    const context = await mkdtemp(join(home, 'context-'));
    for (const name of ['install-apt.sh', 'dpkg-lean.cfg']) await cp(join(BUILD, name), join(context, name));
    const all = {
      packages: ['kairos-app'],
      components: [],
      repositories: [],
      'repository-packages': [],
      ...files,
    };
    for (const [name, lines] of Object.entries(all)) {
      await writeFile(join(context, name), lines.map((line) => `${line}\n`).join(''));
    }
    await writeFile(join(context, 'source-date-epoch'), '');
    await writeFile(join(context, 'sources.list'), `deb ${server.address}/${source} stable main\n`);
    const script = `set -e
      mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root
      mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
      mount --bind /dev /mnt/root/dev && mount -t proc proc /mnt/root/proc
      cd /mnt/root && rm -rf etc/apt && mkdir -p etc/apt/trusted.gpg.d etc/apt/apt.conf.d etc/apt/preferences.d build
      rm -rf var/lib/apt/lists && mkdir -p var/lib/apt/lists/partial
      # What the script empties is large on this machine, and none of its business.
      for place in doc man locale info; do mount -t tmpfs tmpfs usr/share/$place; done
      cp "$2/archive.gpg" etc/apt/trusted.gpg.d/ && cp "$1"/* build/ && cp build/sources.list etc/apt/
      [ -z "$3" ] || chroot . dpkg -i "$3"
      status=0; chroot . /bin/sh /build/install-apt.sh || status=$?
      echo "epoch $(cat usr/lib/kairos/source-date-epoch 2>/dev/null)"
      echo "version $(chroot . dpkg-query -W -f '\${Version}' kairos-lib 2>/dev/null)"
      echo "left $(find etc/apt/preferences.d etc/apt/apt.conf.d -type f | tr '\\n' ' ')"
      sed 's/^/source /' etc/apt/sources.list
      exit $status`;
    const args = ['-m', 'sh', '-c', script, 'sh', context, join(home, 'gnupg'), base];
    const outcome = await promisify(execFile)('unshare', args, {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    }).then(
      ({ stdout, stderr }) => ({ status: 0, output: stdout + stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        status: code,
        output: stdout + stderr,
      }),
    );
    const line = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(outcome.output)?.[1];
    expect(line('left')).toBe('');
    return {
      ...outcome,
      version: line('version'),
      epoch: Number(line('epoch')),
      sources: line('source') ?? '',
    };
  }
  const old = (archive: string, version: string) =>
    served(archive, 'pool', `kairos-lib_${version}_amd64.deb`);

  test('without a lock or a snapshot, install the newest version', async () => {
    const { status, output, version, epoch } = await install({});
    expect(status, output).toBe(0);
    expect([version, epoch]).toEqual(['3.0', MADE.now]);
  });

  test('with a lock, install its versions if the archive has them, whatever the base has', async () => {
    const pins = ['kairos-lib amd64 2.0', 'kairos-app amd64 7', 'kairos-gone all 1'];
    for (const base of ['', old('now', '3.0'), old(`past/debian/${PAST}`, '1.0')]) {
      const { status, output, version, sources } = await install({ pins }, { base });
      expect(status, output).toBe(0);
      expect(version).toBe('2.0');
      expect(sources).toBe(`deb ${server.address}/now stable main`);
    }
    // A version that no longer exists does not fail the installation: the check of the image reports it.
    expect((await install({ pins: ['kairos-lib amd64 1.0'] })).version).toBe('3.0');
  });

  test('with an expired snapshot, install its packages, use its date, and leave the current sources', async () => {
    const snapshot = aptSnapshot(snapshotOf('debian'), ['main']);
    for (const base of ['', old('now', '3.0')]) {
      const { status, output, version, epoch, sources } = await install({ snapshot }, { base });
      expect(status, output).toBe(0);
      expect([version, epoch]).toEqual(['1.0', MADE.past]);
      expect(sources).toBe(`deb ${server.address}/now stable main`);
    }
  });

  test('are refused if a current archive has expired or a snapshot was changed', async () => {
    const expired = await install({}, { source: `past/debian/${PAST}` });
    expect(expired.status).not.toBe(0);
    expect(expired.output).toMatch(/expired/);
    const tampered = await install({ snapshot: aptSnapshot(snapshotOf('tampered'), ['main']) });
    expect(tampered.status).not.toBe(0);
    expect(tampered.output).toMatch(/Hash Sum mismatch|unexpected size/);
  });
});
