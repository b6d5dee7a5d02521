import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { tool } from './tool.ts';

/** A package of an archive; its only file contains its version. */
export interface SmallPackage {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
}

/** The key of an archive: `sign` writes the signed form of a file, `file` is for `/etc/apt/trusted.gpg.d`. */
export interface ArchiveKey {
  readonly file: string;
  sign(input: string, output: string): Promise<void>;
}

/** Generates a key with the real GnuPG, in its own home directory. @param home a directory that does not exist yet */
export async function makeArchiveKey(home: string): Promise<ArchiveKey> {
  await mkdir(home, { mode: 0o700 });
  const gpg = (...args: string[]) => tool('gpg', '--homedir', home, '--batch', '--quiet', '--yes', ...args);
  await gpg('--passphrase', '', '--quick-generate-key', 'archive@test.invalid', 'ed25519', 'sign', 'never');
  const file = join(home, 'archive.gpg');
  await gpg('--output', file, '--export', 'archive@test.invalid');
  return {
    file,
    sign: async (input, output) => {
      await gpg('--output', output, '--clearsign', input);
      // Otherwise gpg-agent keeps running.
      await tool('gpgconf', '--homedir', home, '--kill', 'gpg-agent');
    },
  };
}

/**
 * Writes an apt archive with the suite `stable` to a directory.
 * @param dates when it was created and when it expires
 */
export async function writeArchive(
  directory: string,
  packages: readonly SmallPackage[],
  key: ArchiveKey,
  dates: { readonly made: Date; readonly until: Date },
): Promise<void> {
  const index = join(directory, 'dists/stable/main/binary-amd64');
  const pool = join(directory, 'pool');
  await mkdir(index, { recursive: true });
  await mkdir(pool, { recursive: true });
  const paragraphs = await Promise.all(
    packages.map(async ({ name, version, depends }) => {
      const root = join(directory, 'work', `${name}-${version}`);
      await mkdir(join(root, 'DEBIAN'), { recursive: true });
      await mkdir(join(root, 'opt', name), { recursive: true });
      await writeFile(join(root, 'opt', name, 'version'), `${version}\n`);
      const control = [
        `Package: ${name}`,
        `Version: ${version}`,
        'Architecture: amd64',
        'Maintainer: Nobody <nobody@test.invalid>',
        ...(depends === undefined ? [] : [`Depends: ${depends}`]),
        'Description: test',
      ].join('\n');
      await writeFile(join(root, 'DEBIAN/control'), `${control}\n`);
      const file = join(pool, `${name}_${version}_amd64.deb`);
      await tool('dpkg-deb', '--root-owner-group', '--build', root, file);
      const bytes = await readFile(file);
      const sum = createHash('sha256').update(bytes).digest('hex');
      return `${control}\nFilename: pool/${name}_${version}_amd64.deb\nSize: ${bytes.length}\nSHA256: ${sum}\n`;
    }),
  );
  const text = paragraphs.join('\n');
  await writeFile(join(index, 'Packages'), text);
  const sum = createHash('sha256').update(text).digest('hex');
  const release = [
    'Origin: Test',
    'Suite: stable',
    'Codename: stable',
    `Date: ${dates.made.toUTCString()}`,
    `Valid-Until: ${dates.until.toUTCString()}`,
    'Architectures: amd64',
    'Components: main',
    'SHA256:',
    ` ${sum} ${Buffer.byteLength(text)} main/binary-amd64/Packages`,
    '',
  ].join('\n');
  await writeFile(join(directory, 'dists/stable/Release'), release);
  await key.sign(join(directory, 'dists/stable/Release'), join(directory, 'dists/stable/InRelease'));
}

/** A file server on the loopback address, which runs until it is disposed of. */
export interface FileServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  /** Requested paths. */
  readonly asked: string[];
}

/**
 * Serves a directory, and proxies some paths to other servers.
 * @param elsewhere path prefixes, and the http URLs that replace them
 */
export async function serveFiles(
  directory: string,
  elsewhere: Readonly<Record<string, string>> = {},
): Promise<FileServer> {
  const asked: string[] = [];
  const server = createServer((incoming, response) => {
    const path = normalize(decodeURIComponent((incoming.url ?? '/').split('?')[0] ?? '/'));
    asked.push(path);
    const other = Object.entries(elsewhere).find(([start]) => path.startsWith(start));
    if (other) {
      const { 'if-modified-since': since, range } = incoming.headers;
      const headers = { ...(since ? { 'if-modified-since': since } : {}), ...(range ? { range } : {}) };
      const outgoing = request(`${other[1]}${path.slice(other[0].length)}`, { headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.writeHead(502).end());
      outgoing.end();
      return;
    }
    readFile(join(directory, path)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
