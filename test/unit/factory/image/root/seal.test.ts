import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  lutimesSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EPOCH_FILE } from '../../../../../src/common/contract/system-layout.ts';
import { walkTree } from '../../../../../src/common/files/walk-tree.ts';
import { sealRoot } from '../../../../../src/factory/image/root/seal.ts';
import { failureOf } from '../../../support/failure.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../../support/temporary.ts';

const EPOCH = 1_700_000_000;

function root(files: Parameters<typeof plant>[1] = {}): string {
  return plant(temporaryDirectory(), { [EPOCH_FILE]: `${EPOCH}\n`, etc: DIRECTORY, ...files });
}

/** A directory that represents the host: sealing must not change it. */
function host(): { path: string; check: () => void } {
  const files = { hostname: 'host', hosts: 'host', 'resolv.conf': 'host', secret: 'host' };
  const path = plant(temporaryDirectory(), files);
  const check = () => {
    expect(readdirSync(path).sort()).toEqual(Object.keys(files).sort());
    for (const name of Object.keys(files)) expect(readFileSync(join(path, name), 'utf8')).toBe('host');
  };
  return { path, check };
}

describe('sealRoot', () => {
  test('returns the epoch', async () => {
    expect(await sealRoot(root())).toBe(EPOCH);
  });

  test('empties volatile directories, including hidden files, and keeps the directories', async () => {
    const volatile = ['dev', 'proc', 'sys', 'run', 'tmp', 'var/tmp'];
    const path = root({
      ...Object.fromEntries(
        volatile.flatMap((name) => [
          [`${name}/d/file`, 'x'],
          [`${name}/.hidden`, 'x'],
        ]),
      ),
      'var/lib/kept': 'x',
    });
    await sealRoot(path);
    for (const name of volatile) expect(readdirSync(join(path, name))).toEqual([]);
    const modes = volatile.map((name) => (lstatSync(join(path, name)).mode & 0o7777).toString(8));
    expect(modes).toEqual(['755', '555', '555', '755', '1777', '1777']);
    for (const name of volatile) expect(lstatSync(join(path, name)).mtimeMs).toBe(EPOCH * 1000);
    expect(existsSync(join(path, 'var/lib/kept'))).toBe(true);
  });

  test('removes what engines leave in /etc', async () => {
    const path = root({
      'etc/hostname': 'buildkit',
      'etc/hosts': '10.0.0.1 builder',
      'etc/resolv.conf': 'nameserver x',
      'etc/mtab': { link: '/proc/mounts' },
    });
    await sealRoot(path);
    expect(readFileSync(join(path, 'etc/hostname'), 'utf8')).toBe('');
    expect(readFileSync(join(path, 'etc/hosts'), 'utf8')).toMatch(/^127\.0\.0\.1 localhost\n::1 localhost/);
    expect(existsSync(join(path, 'etc/resolv.conf'))).toBe(false);
    expect(readlinkSync(join(path, 'etc/mtab'))).toBe('../proc/self/mounts');
  });

  test('clamps times after the epoch, including those of links, and before 1970, and keeps the others', async () => {
    const path = root({ old: 'x', oldest: 'x', new: 'x', link: { link: 'old' } });
    utimesSync(join(path, 'old'), 1000, 1000);
    // Node takes a time before 1970 for the current one.
    execFileSync('touch', ['-d', '@-86400.5', join(path, 'oldest')]);
    utimesSync(join(path, 'new'), EPOCH + 0.5, EPOCH + 0.5);
    lutimesSync(join(path, 'link'), EPOCH + 99, EPOCH + 99);
    await sealRoot(path);
    expect(lstatSync(join(path, 'old')).mtimeMs).toBe(1_000_000);
    expect(lstatSync(join(path, 'oldest')).mtimeMs).toBe(0);
    for (const { path: name, stats } of walkTree(path)) {
      expect([name, stats.mtimeNs <= BigInt(EPOCH) * 1_000_000_000n]).toEqual([name, true]);
    }
    expect(lstatSync(join(path, 'link')).mtimeMs).toBe(EPOCH * 1000);
  });

  test('is idempotent', async () => {
    const path = root({ 'etc/hosts': 'x', 'tmp/x': 'x' });
    const shape = () =>
      [...walkTree(path)].map(({ path: name, stats }) => [name, stats.mode, stats.size, stats.mtimeNs]);
    await sealRoot(path);
    const once = shape();
    await sealRoot(path);
    expect(shape()).toEqual(once);
  });

  test.each(['', 'today', '0', '-5', '1.5'])('refuses a build that left the timestamp %j', async (text) => {
    const error = await failureOf(() => sealRoot(root({ [EPOCH_FILE]: text })));
    expect([error.kind, error.message]).toEqual(['step', expect.stringContaining(EPOCH_FILE)]);
  });

  test('refuses a build that left no timestamp or no /etc', async () => {
    expect((await failureOf(() => sealRoot(temporaryDirectory()))).kind).toBe('step');
    const path = plant(temporaryDirectory(), { [EPOCH_FILE]: `${EPOCH}` });
    const error = await failureOf(() => sealRoot(path));
    expect([error.kind, error.message]).toEqual(['step', 'the image has no /etc']);
  });
});

describe('a hostile root', () => {
  test.each(['absolute', 'relative'])(
    'whose /etc is an %s link to the host causes no write there',
    async (form) => {
      const { path: outside, check } = host();
      const path = plant(temporaryDirectory(), { [EPOCH_FILE]: `${EPOCH}` });
      const link = form === 'absolute' ? outside : `../../../../../../..${outside}`;
      plant(path, { etc: { link } });
      const error = await failureOf(() => sealRoot(path));
      expect(error.kind).toBe('step');
      check();
    },
  );

  test('whose /etc is a link within the root is sealed at its target', async () => {
    const path = plant(temporaryDirectory(), {
      [EPOCH_FILE]: `${EPOCH}`,
      'usr/etc/hosts': 'x',
      etc: { link: '/usr/etc' },
    });
    await sealRoot(path);
    expect(readFileSync(join(path, 'usr/etc/hosts'), 'utf8')).toMatch(/^127\.0\.0\.1/);
  });

  test('whose /etc contains links to the host gets files in their place', async () => {
    const { path: outside, check } = host();
    const names = ['hostname', 'hosts', 'resolv.conf'];
    const path = root(
      Object.fromEntries(names.map((name) => [`etc/${name}`, { link: join(outside, name) }])),
    );
    await sealRoot(path);
    check();
    expect(lstatSync(join(path, 'etc/hosts')).isFile()).toBe(true);
  });

  test.each(['tmp', 'run', 'dev'])(
    'whose /%s is a link to the host causes no removal there',
    async (name) => {
      const { path: outside, check } = host();
      await sealRoot(root({ [name]: { link: outside } }));
      check();
    },
  );

  test('with links to the host in a volatile directory loses only the links', async () => {
    const { path: outside, check } = host();
    const path = root({ 'tmp/d/link': { link: outside }, 'tmp/link': { link: outside } });
    await sealRoot(path);
    expect(readdirSync(join(path, 'tmp'))).toEqual([]);
    check();
  });

  test('whose timestamp file is outside the root is refused', async () => {
    const outside = plant(temporaryDirectory(), { time: '1700000000' });
    const path = plant(temporaryDirectory(), {
      etc: DIRECTORY,
      [EPOCH_FILE]: { link: join(outside, 'time') },
    });
    expect((await failureOf(() => sealRoot(path))).kind).toBe('step');
  });
});
