import { generateKeyPairSync } from 'node:crypto';
import { linkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { notAllowed } from '../../../../../src/factory/inspect/audit/allowed.ts';
import { secretsFound } from '../../../../../src/factory/inspect/audit/report.ts';
import { scanFile } from '../../../../../src/factory/inspect/audit/scan-content.ts';
import { scanTree } from '../../../../../src/factory/inspect/audit/scan-tree.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { PLANTED } from './planted.ts';

const notices: string[] = [];
const scan = (root: string, secrets: readonly string[] = []) =>
  scanTree(root, {
    name: '',
    needles: secrets.map((secret) => Buffer.from(secret)),
    signal: new AbortController().signal,
    notice: (text) => notices.push(text),
  });
const PEM = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

describe('scanTree', () => {
  test.each(PLANTED)('finds $kind in $path', async ({ kind, path, content }) => {
    const root = plant(temporaryDirectory(), { [path]: content, 'etc/hostname': 'node\n' });
    expect((await scan(root)).map((finding) => [finding.path, finding.kind])).toEqual([[`/${path}`, kind]]);
  });

  test('reports the line', async () => {
    const root = plant(temporaryDirectory(), {
      'srv/a.yaml': `one: 1\nkey: |\n  ${PEM.replaceAll('\n', '\n  ')}\n`,
    });
    expect(await scan(root)).toEqual([{ path: '/srv/a.yaml', kind: 'private-key', line: 3 }]);
  });

  test.each([
    ['a program that looks for keys', 'if line == "-----BEGIN PRIVATE KEY-----":\n    parse()\n'],
    ['a certificate', `-----BEGIN CERTIFICATE-----\n${'MIIB'.repeat(30)}\n-----END CERTIFICATE-----\n`],
    [
      'a certificate in base64',
      Buffer.from(`-----BEGIN CERTIFICATE-----\n${'MIIB'.repeat(30)}`).toString('base64'),
    ],
    [
      'a public key',
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    ],
    [
      "the key of Amazon's documentation",
      'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n',
    ],
    ['a variable in the place of a token', '//registry.npmjs.org/:_authToken=${NPM_TOKEN_OF_THE_CI}\n'],
  ])('%s is not a secret', async (_, content) => {
    expect(await scan(plant(temporaryDirectory(), { 'usr/lib/file': content }))).toEqual([]);
  });

  test.each([
    ['etc/machine-id', ''],
    ['etc/machine-id', '\n'],
    ['etc/machine-id', 'uninitialized\n'],
    ['root/.bash_history', ''],
    ['etc/apt/sources.list', 'deb http://deb.debian.org/debian bookworm main\n'],
    ['etc/apt/apt.conf.d/proxy', 'Acquire::http::Proxy "http://proxy.example:3128/";\n'],
    ['etc/profile', 'url=https://user:$PASSWORD@example.org/\n'],
  ])('allows %s with "%s"', async (path, content) => {
    expect(await scan(plant(temporaryDirectory(), { [path]: content }))).toEqual([]);
  });

  test('finds a key inside a program or a database', async () => {
    const content = Buffer.concat([
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]),
      Buffer.alloc(9000),
      Buffer.from(PEM),
    ]);
    expect(await scan(plant(temporaryDirectory(), { 'opt/program': content }))).toEqual([
      { path: '/opt/program', kind: 'private-key' },
    ]);
  });

  test('finds an OpenPGP key inside a database', async () => {
    const armour = `-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n${'lQVYBGV4YW1w'.repeat(6)}\n`;
    const content = Buffer.concat([
      Buffer.from('SQLite format 3\0'),
      Buffer.alloc(9000),
      Buffer.from(armour),
    ]);
    expect(await scan(plant(temporaryDirectory(), { 'opt/keys.db': content }))).toEqual([
      { path: '/opt/keys.db', kind: 'private-key' },
    ]);
  });

  test('finds a secret that spans two reads', () => {
    const root = temporaryDirectory();
    const reach = 64 * 1024;
    for (const before of [reach - 40, reach - 1, reach, 3 * reach - 200]) {
      plant(root, {
        file: `${'x'.repeat(79)}\n`.repeat(10_000).slice(0, before).concat('\n', PEM, 'y'.repeat(reach)),
      });
      const found = scanFile(join(root, 'file'), '/file', { needles: [], buffer: Buffer.alloc(reach) });
      expect(found).toEqual([{ path: '/file', kind: 'private-key', line: Math.ceil(before / 80) + 1 }]);
    }
  });

  test('finds the credentials of the build, in texts and programs, and ignores links', async () => {
    const root = plant(temporaryDirectory(), {
      'etc/pip.conf': 'x correct-horse y',
      'usr/bin/program': Buffer.concat([Buffer.alloc(100), Buffer.from('correct-horse')]),
      'etc/link': { link: '/etc/pip.conf' },
    });
    linkSync(join(root, 'etc/pip.conf'), join(root, 'etc/second'));
    const found = await scan(root, ['correct-horse']);
    expect(found.map(({ path, kind }) => [path, kind])).toEqual([
      ['/etc/pip.conf', 'build-credential'],
      ['/usr/bin/program', 'build-credential'],
    ]);
  });

  test('finds secrets in an initramfs, by path and content, and reports an unknown format', async () => {
    const entry = (name: string, content: string) => {
      const field = (value: number) => value.toString(16).padStart(8, '0');
      const fields = [0, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0].map(field);
      const padded = (text: string) => text.padEnd(Math.ceil(text.length / 4) * 4, '\0');
      return padded(`070701${fields.join('')}${name}\0`) + padded(content);
    };
    const archive = [
      entry('etc/ssh/ssh_host_rsa_key', 'x'),
      entry('usr/lib/x86_64-linux-gnu/libgnutls.so.30', `\0${PEM}`),
      entry('srv/key', PEM),
      entry('TRAILER!!!', ''),
    ].join('');
    const root = plant(temporaryDirectory(), {
      'boot/initrd-6.1': gzipSync(Buffer.from(archive, 'latin1')),
      'boot/initramfs.img': 'something else',
      'opt/initrd': gzipSync(Buffer.from(archive, 'latin1')),
    });
    const found = await scan(root, []);
    expect(notAllowed(found, []).map(({ path, kind }) => [path, kind])).toEqual([
      ['/boot/initrd-6.1:/etc/ssh/ssh_host_rsa_key', 'ssh-host-key'],
      ['/boot/initrd-6.1:/srv/key', 'private-key'],
    ]);
    expect(notices).toEqual([expect.stringContaining('/boot/initramfs.img: ')]);
  });

  test('stops when it is cancelled', async () => {
    const root = plant(
      temporaryDirectory(),
      Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`f${index}`, 'x'])),
    );
    await expect(
      scanTree(root, {
        name: '',
        needles: [],
        signal: AbortSignal.abort(new Error('stop')),
        notice: () => undefined,
      }),
    ).rejects.toThrow('stop');
  });
});

describe('notAllowed', () => {
  const finding = (path: string) => ({ path, kind: 'private-key' }) as const;
  const left = (paths: readonly string[], allow: readonly string[]) =>
    notAllowed(
      paths.map(finding),
      allow.map((path) => ({ path, reason: 'test' })),
    ).map(({ path }) => path);

  test('allows only the paths in the configuration', () => {
    const paths = ['/opt/a/b/key.pem', '/opt/a/key.pem', '/opt/key.pem', '/opt/keyXpem'];
    expect(left(paths, [])).toEqual(paths);
    expect(left(paths, ['/opt/key.pem'])).toEqual(['/opt/a/b/key.pem', '/opt/a/key.pem', '/opt/keyXpem']);
    expect(left(paths, ['/opt/*/key.pem'])).toEqual(['/opt/a/b/key.pem', '/opt/key.pem', '/opt/keyXpem']);
    expect(left(paths, ['/opt/**/key.pem'])).toEqual(['/opt/keyXpem']);
    expect(left(paths, ['/opt/**'])).toEqual([]);
    expect(left(paths, ['**'])).toEqual([]);
  });

  test('allows the keys that distributions publish, but no other kind of secret there', () => {
    const path = '/usr/lib/x86_64-linux-gnu/libgnutls.so.30.34.3';
    expect(notAllowed([{ path, kind: 'private-key' }], [])).toEqual([]);
    expect(notAllowed([{ path, kind: 'build-credential' }], [])).toHaveLength(1);
  });
});

test('the error lists path, kind and remedy of each finding, up to a limit', () => {
  const error = secretsFound([
    { path: '/a', kind: 'token', line: 3 },
    { path: '/b', kind: 'machine-id' },
  ]);
  expect(error.kind).toBe('verification');
  expect(error.details).toEqual([
    expect.stringMatching(/^\/a:3: a token .*; revoke it/),
    expect.stringMatching(/^\/b: the identity of a machine; empty the file/),
  ]);
  expect(
    secretsFound(Array.from({ length: 30 }, () => ({ path: '/a', kind: 'token' as const }))).details.at(-1),
  ).toBe('and 10 more');
});
