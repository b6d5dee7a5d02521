import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { PROJECT } from '../../support/factory.ts';
import { tool } from '../../support/tool.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

/** The documentation as it is published, on a web server without rules of its own. */
export interface Site extends AsyncDisposable {
  /** `http://HOST:PORT`. */
  readonly address: string;
  /** Every page by its path on the server, such as `/docs/boot.html`. */
  readonly pages: ReadonlyMap<string, string>;
  /** Whether the server has a file at this path. */
  readonly has: (path: string) => boolean;
}

/** Builds the site in a directory, and serves it. */
export async function serveSite(directory: string): Promise<Site> {
  await tool(
    join(PROJECT, 'node_modules/.bin/vitepress'),
    'build',
    join(PROJECT, 'site'),
    '--outDir',
    directory,
  );
  const names = (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length));
  const files = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(directory, name))] as const)),
  );
  const nameOf = (path: string) => decodeURI(path.endsWith('/') ? `${path}index.html` : path);
  const server = createServer((request, response) => {
    const name = nameOf(new URL(request.url ?? '', 'http://site').pathname);
    const content = files.get(name);
    response.writeHead(content === undefined ? 404 : 200, {
      'content-type': TYPES[extname(name)] ?? 'text/plain',
      'cache-control': 'max-age=600',
    });
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    pages: new Map(
      [...files].filter(([name]) => name.endsWith('.html')).map(([name, text]) => [name, text.toString()]),
    ),
    has: (path) => files.has(nameOf(path)),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
