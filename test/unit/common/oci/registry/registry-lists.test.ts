import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../../../src/common/oci/registry/platform.ts';
import { openRegistry, type Registry } from '../../../../../src/common/oci/registry/registry.ts';
import { type TestHost, type TestHostOptions, testHost } from '../../../agent/support/test-host.ts';
import { sha256, testImage } from '../layers/support/test-image.ts';
import { realFetch, type TestRegistry, testRegistry } from '../layers/support/test-registry.ts';

const AMD64 = parsePlatform('amd64');
const image = testImage([[{ name: 'a', content: 'a' }]], { labels: { l: '1' } });
let server: TestRegistry;
let host: TestHost;

beforeEach(async () => {
  server = await testRegistry();
  server.add('v1', image);
  host = await testHost({ fetch: realFetch });
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const open = (name = 'os:v1', insecure = false): Registry =>
  openRegistry(host, parseImageReference(`${server.address}/${name}`), { insecure });

/** Replaces the host by one with files, programs or an environment. */
async function rehost(options: TestHostOptions): Promise<void> {
  await host[Symbol.asyncDispose]();
  host = await testHost({ fetch: realFetch, ...options });
}

describe('redirects', () => {
  test('to another place, without the credentials', async () => {
    await using storage = await testRegistry();
    storage.add('v1', image);
    await rehost({ files: { '/etc/kairos/registry.json': auths(server.address, 'user:pass') } });
    server.interfere = ({ path, headers }, response) => {
      if (!path.startsWith('/v2/os/')) return false;
      if (!headers.authorization) response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      else
        response
          .writeHead(307, { location: `http://localhost:${storage.address.split(':')[1]}${path}` })
          .end();
      return true;
    };
    expect((await open().resolveManifest(AMD64)).digest).toBe(image.digest);
    expect(storage.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect(server.seen.at(-1)?.headers.authorization).toBe(
      `Basic ${Buffer.from('user:pass').toString('base64')}`,
    );
  });

  test('not in circles, and not out of TLS', async () => {
    server.interfere = ({ path }, response) => {
      if (path !== '/v2/') response.writeHead(302, { location: path }).end();
      return path !== '/v2/';
    };
    await expect(open().resolveManifest(AMD64)).rejects.toMatchObject({ kind: 'step' });
    await rehost({
      fetch: () => new Response(null, { status: 302, headers: { location: 'http://plain.example/' } }),
    });
    const registry = openRegistry(host, parseImageReference('registry.example/os'));
    await expect(registry.resolveManifest(AMD64)).rejects.toThrow('http://plain.example');
  });
});

/** A file of credentials. */
function auths(registry: string, pair: string): string {
  return JSON.stringify({ auths: { [registry]: { auth: Buffer.from(pair).toString('base64') } } });
}

describe('lists', () => {
  test('tags over several pages', async () => {
    server.interfere = ({ path }, response) => {
      if (!path.startsWith('/v2/os/tags/list')) return false;
      const last = new URL(path, 'http://x').searchParams.get('last');
      const page = { undefined: ['a', 'b'], b: ['c'], c: ['d'] }[last ?? 'undefined'] ?? [];
      const link = page.at(-1) === 'd' ? {} : { link: `</v2/os/tags/list?last=${page.at(-1)}>; rel="next"` };
      response.writeHead(200, link).end(JSON.stringify({ tags: page }));
      return true;
    };
    expect(await open().listTags()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a link cannot lead to another host', async () => {
    server.interfere = ({ path }, response) => {
      if (!path.startsWith('/v2/os/tags/list')) return false;
      const link = path.includes('last')
        ? {}
        : { link: '<http://elsewhere.example/v2/os/tags/list?last=a>; rel="next"' };
      response.writeHead(200, link).end('{"tags":["a"]}');
      return true;
    };
    expect(await open().listTags()).toEqual(['a', 'a']);
  });

  test('no repository', async () => {
    await expect(open().listTags()).rejects.toMatchObject({ kind: 'step' });
  });

  const entry = (content: string, artifactType: string) => ({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: sha256(Buffer.from(content)),
    size: 1,
    artifactType,
    annotations: { note: content },
  });
  const index = (...manifests: object[]) => Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
  const tag = image.digest.replace(':', '-');

  test('referrers by the API and by the tag, each once', async () => {
    server.interfere = ({ path }, response) => {
      if (!path.startsWith(`/v2/os/referrers/${image.digest}`)) return false;
      response.end(index(entry('a', 'signature'), entry('b', 'sbom')));
      return true;
    };
    server.addManifest(tag, index(entry('b', 'sbom'), entry('c', 'signature')));
    const found = await open().getReferrers(image.digest);
    expect(found.map(({ annotations }) => annotations?.['note'])).toEqual(['a', 'b', 'c']);
    expect(await open().getReferrers(image.digest, 'signature')).toHaveLength(2);
  });

  test.each([404, 400, 405, 406, 501, 401])(
    'referrers of a registry that answers %i to the API',
    async (status) => {
      server.addManifest(tag, index(entry('c', 'signature')));
      server.interfere = ({ path }, response) => {
        if (path.includes('/referrers/')) response.writeHead(status).end('<html>');
        return path.includes('/referrers/');
      };
      expect(await open().getReferrers(image.digest)).toHaveLength(1);
    },
  );

  test.each([500, 503])(
    'referrers of a registry that fails with %i: none is known to be absent',
    async (status) => {
      server.interfere = ({ path }, response) => {
        if (path.includes('/referrers/')) response.writeHead(status).end();
        return path.includes('/referrers/');
      };
      await expect(open().getReferrers(image.digest)).rejects.toMatchObject({
        code: 'REGISTRY_UNREACHABLE',
        message: expect.stringContaining(`HTTP ${status}`),
      });
    },
  );

  test('no referrers at all', async () => {
    expect(await open().getReferrers(image.digest)).toEqual([]);
  });
});
