import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mergeScopes, parseChallenges } from '../../../../../src/common/oci/registry/authentication.ts';
import { findCredentials } from '../../../../../src/common/oci/registry/credentials.ts';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../../../src/common/oci/registry/platform.ts';
import { openRegistry } from '../../../../../src/common/oci/registry/registry.ts';
import { type TestHost, type TestHostOptions, testHost } from '../../../agent/support/test-host.ts';
import { testImage } from '../layers/support/test-image.ts';
import { realFetch, type TestRegistry, testRegistry } from '../layers/support/test-registry.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('challenges', () => {
  test.each([
    [
      'Bearer realm="https://a/token",service="a b",scope="repository:x:pull,push"',
      'bearer',
      'realm',
      'https://a/token',
    ],
    [
      'Bearer realm="https://a/token",service="a b",scope="repository:x:pull,push"',
      'bearer',
      'scope',
      'repository:x:pull,push',
    ],
    ['BASIC Realm=plain', 'basic', 'realm', 'plain'],
    ['Negotiate, Basic realm="a \\"b\\"", Bearer realm=c', 'basic', 'realm', 'a "b"'],
    ['Basic realm="x", Bearer realm="y" , service = z', 'bearer', 'service', 'z'],
  ])('%s', (header, scheme, key, value) => {
    const found = parseChallenges(header).find((challenge) => challenge.scheme === scheme);
    expect(found?.parameters.get(key)).toBe(value);
  });
});

describe('credentials', () => {
  const find = async (options: TestHostOptions, reference = 'quay.io/team/os') => {
    await using host = await testHost(options);
    const found = await findCredentials(host, parseImageReference(reference));
    return { found, calls: host.calls, logged: host.logged.join('\n') };
  };
  const file = (content: object) => JSON.stringify(content);
  const auth = (pair: string) => ({ auth: base64(pair) });
  const password = (username: string, secret: string) => ({ kind: 'password', username, password: secret });

  test.each([
    ['/auth.json', { REGISTRY_AUTH_FILE: '/auth.json' }],
    ['/docker/config.json', { DOCKER_CONFIG: '/docker' }],
    ['/home/u/.docker/config.json', { HOME: '/home/u' }],
    ['/root/.docker/config.json', {}],
    ['/root/.config/containers/auth.json', {}],
    ['/run/containers/0/auth.json', {}],
    ['/etc/kairos/registry.json', {}],
  ])('in %s', async (path, env) => {
    const { found } = await find({ files: { [path]: file({ auths: { 'quay.io': auth('u:p:q') } }) }, env });
    expect(found).toEqual(password('u', 'p:q'));
  });

  test('the most specific path wins', async () => {
    const auths = { 'quay.io': auth('a:1'), 'quay.io/team': auth('b:2'), 'quay.io/team/other': auth('c:3') };
    const files = { '/run/containers/0/auth.json': file({ auths }) };
    expect((await find({ files })).found).toEqual(password('b', '2'));
    expect((await find({ files }, 'quay.io/x')).found).toEqual(password('a', '1'));
    expect((await find({ files }, 'ghcr.io/x')).found).toBeUndefined();
  });

  test.each(['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'https://registry-1.docker.io'])(
    'of Docker Hub as %s',
    async (key) => {
      const files = { '/root/.docker/config.json': file({ auths: { [key]: auth('u:p') } }) };
      expect((await find({ files }, 'alpine')).found).toEqual(password('u', 'p'));
    },
  );

  test('tokens', async () => {
    const auths = {
      'quay.io': { auth: base64('<token>:'), identitytoken: 'id' },
      'ghcr.io': { registrytoken: 'rt' },
    };
    const files = { '/root/.docker/config.json': file({ auths }) };
    expect((await find({ files })).found).toEqual({ kind: 'identity', token: 'id' });
    expect((await find({ files }, 'ghcr.io/x')).found).toEqual({ kind: 'bearer', token: 'rt' });
  });

  test('come from a helper, which reads the registry from its standard input', async () => {
    const files = { '/root/.docker/config.json': file({ credHelpers: { 'quay.io': 'vault' } }) };
    const run = () => file({ ServerURL: 'quay.io', Username: 'u', Secret: 'hush' });
    const { found, calls, logged } = await find({ files, run });
    expect(found).toEqual(password('u', 'hush'));
    expect(calls).toMatchObject([
      { program: 'docker-credential-vault', args: ['get'], options: { input: 'quay.io' } },
    ]);
    expect(logged).not.toContain('hush');
  });

  test('come from the store, under the old name of Docker Hub', async () => {
    const files = {
      '/root/.docker/config.json': file({ credsStore: 'pass', auths: { 'https://index.docker.io/v1/': {} } }),
    };
    const run = () => file({ Username: '<token>', Secret: 'id' });
    const { found, calls } = await find({ files, run }, 'alpine');
    expect(found).toEqual({ kind: 'identity', token: 'id' });
    expect(calls[0]?.options.input).toBe('https://index.docker.io/v1/');
  });

  const STORE = { '/root/.docker/config.json': file({ credsStore: 'pass' }) };

  test.each<[string, TestHostOptions]>([
    ['has none', { run: () => ({ status: 1, stdout: 'credentials not found in native keychain\n' }) }],
    ['prints empty ones', { run: () => file({ ServerURL: 'quay.io', Username: '', Secret: '' }) }],
  ])('a helper that %s causes no warning', async (_, options) => {
    const { found, logged } = await find({ files: STORE, ...options });
    expect([found, logged]).toEqual([undefined, '']);
  });

  test.each<[string, TestHostOptions, RegExp]>([
    [
      'fails',
      { run: () => ({ status: 1, stdout: 'pass not initialized: exit status 1\n' }) },
      /docker-credential-pass fails \("pass not initialized: exit status 1"\) for quay\.io$/,
    ],
    ['fails in silence', { run: () => ({ status: 2 }) }, /docker-credential-pass fails for quay\.io$/],
    [
      'fails with credentials',
      { run: () => ({ status: 1, stdout: '{"Secret":"hush"}' }) },
      /docker-credential-pass fails for quay\.io$/,
    ],
    [
      'cannot be run',
      { run: () => Promise.reject(new Error('timed out')) },
      /docker-credential-pass fails \("timed out"\)/,
    ],
    ['prints no JSON', { run: () => 'hush' }, /docker-credential-pass prints no usable credentials/],
    ['is missing', { missing: ['docker-credential-pass'] }, /"docker-credential-pass" is not installed$/],
  ])('a helper that %s is named when the registry wants credentials', async (_, options, problem) => {
    const problems: string[] = [];
    await using host = await testHost({ files: STORE, ...options });
    const reference = parseImageReference('quay.io/team/os');
    const onProblem = (text: string) => problems.push(text);
    expect(await findCredentials(host, reference, { onProblem })).toBeUndefined();
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(host.logged).toEqual([`warn ${problems[0]}`]);
    expect(problems[0]).not.toContain('hush');
  });

  test('a helper with a strange name is not run', async () => {
    const strange = { '/root/.docker/config.json': file({ credsStore: '../../evil' }) };
    expect((await find({ files: strange })).calls).toEqual([]);
  });

  test('a malformed file is ignored, and its content is not logged', async () => {
    const files = {
      '/root/.docker/config.json': '{"auths":{"quay.io":{"auth":"secret',
      '/etc/kairos/registry.json': file({ auths: { 'quay.io': auth('u:p') } }),
    };
    const { found, logged } = await find({ files });
    expect(found).toEqual(password('u', 'p'));
    expect(logged).toContain('warn credentials in /root/.docker/config.json');
    expect(logged).not.toContain('secret');
  });
});

describe('authentication', () => {
  const image = testImage([]);
  let server: TestRegistry;
  let host: TestHost;
  beforeEach(async () => {
    server = await testRegistry('team/os');
    server.add('v1', image);
  });
  afterEach(async () => {
    await host[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Protects everything except `/v2/` and the token server; a token contains the request for it. */
  const guard = (
    challenge: string,
    accepted: string,
    token?: (authorization: string, body: string) => string | undefined,
  ) => {
    server.interfere = ({ path, headers, body }, response) => {
      if (path.startsWith('/token')) {
        const made = token?.(headers.authorization ?? '', body);
        response.writeHead(made === undefined ? 401 : 200).end(JSON.stringify({ access_token: made }));
        return true;
      }
      if (headers.authorization === accepted) return false;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    };
  };
  const bearer = () =>
    `Bearer realm="http://${server.address}/token",service="registry",scope="repository:team/os:pull"`;
  const resolve = async (entry?: object) => {
    const files = entry && {
      '/etc/kairos/registry.json': JSON.stringify({ auths: { [server.address]: entry } }),
    };
    host = await testHost({ fetch: realFetch, ...(files ? { files } : {}) });
    const registry = openRegistry(host, parseImageReference(`${server.address}/team/os:v1`));
    return (await registry.resolveManifest(parsePlatform('amd64'))).digest;
  };

  test('gets an anonymous token', async () => {
    guard(bearer(), 'Bearer open', (authorization) => (authorization === '' ? 'open' : undefined));
    expect(await resolve()).toBe(image.digest);
    const asked = server.seen.filter(({ path }) => path.startsWith('/token'));
    expect(asked.map(({ path }) => path)).toEqual([
      '/token?scope=repository%3Ateam%2Fos%3Apull&service=registry',
    ]);
  });

  test('gets a token for a password', async () => {
    guard(bearer(), 'Bearer mine', (authorization) =>
      authorization === `Basic ${base64('u:p')}` ? 'mine' : undefined,
    );
    expect(await resolve({ auth: base64('u:p') })).toBe(image.digest);
    expect(host.logged.join('\n')).not.toMatch(/mine|dTpw/);
  });

  test('gets a token for an identity token', async () => {
    guard(bearer(), 'Bearer mine', (_, body) => {
      const form = new URLSearchParams(body);
      return form.get('grant_type') === 'refresh_token' && form.get('refresh_token') === 'id'
        ? 'mine'
        : undefined;
    });
    expect(await resolve({ identitytoken: 'id' })).toBe(image.digest);
  });

  test('sends a password with Basic', async () => {
    guard('Basic realm="registry"', `Basic ${base64('u:p')}`);
    expect(await resolve({ username: 'u', password: 'p' })).toBe(image.digest);
  });

  test('sends a registry token', async () => {
    guard(bearer(), 'Bearer rt');
    expect(await resolve({ registrytoken: 'rt' })).toBe(image.digest);
  });

  test('renews an expired token', async () => {
    let [serial, uses] = [0, 0];
    server.interfere = ({ path, headers }, response) => {
      if (path.startsWith('/token')) response.end(JSON.stringify({ token: `t${++serial}` }));
      else if (headers.authorization === `Bearer t${serial}` && uses++ % 2 === 0) return false;
      else response.writeHead(401, { 'www-authenticate': bearer() }).end();
      return true;
    };
    expect(await resolve()).toBe(image.digest);
    expect(serial).toBe(2);
  });

  test('reports wrong credentials', async () => {
    guard(bearer(), 'Bearer never', () => undefined);
    await expect(resolve({ auth: base64('u:p') })).rejects.toMatchObject({
      kind: 'step',
      message: expect.stringContaining('/team/os:v1'),
      remedy: expect.stringContaining('Renew the credentials'),
    });
  });

  describe('with a credential helper that fails', () => {
    const failing = async () => {
      host = await testHost({
        fetch: realFetch,
        files: { '/root/.docker/config.json': JSON.stringify({ credsStore: 'pass' }) },
        run: () => ({ status: 1, stdout: 'pass not initialized' }),
      });
      const registry = openRegistry(host, parseImageReference(`${server.address}/team/os:v1`));
      return registry.resolveManifest(parsePlatform('amd64'));
    };

    test('reads what needs no credentials', async () => {
      guard(bearer(), 'Bearer open', (authorization) => (authorization === '' ? 'open' : undefined));
      expect((await failing()).digest).toBe(image.digest);
    });

    test.each(['Basic realm="registry"', 'token server', 'registry'])(
      'names the helper when access is refused by: %s',
      async (by) => {
        const challenge = by.startsWith('Basic') ? by : bearer();
        guard(challenge, 'never', () => (by === 'registry' ? 'anonymous' : undefined));
        await expect(failing()).rejects.toMatchObject({
          code: 'REGISTRY_UNAUTHORIZED',
          details: [expect.stringContaining('docker-credential-pass fails ("pass not initialized")')],
          remedy: expect.stringContaining('repair the credential helper'),
        });
      },
    );
  });

  test('retries a token server that fails temporarily', async () => {
    let count = 0;
    server.interfere = ({ path, headers }, response) => {
      if (path.startsWith('/token')) {
        if (++count === 1) response.writeHead(502).end();
        else response.end('{"token":"t"}');
      } else if (headers.authorization) return false;
      else response.writeHead(401, { 'www-authenticate': bearer() }).end();
      return true;
    };
    expect(await resolve()).toBe(image.digest);
  });

  test('does not send credentials to a token server without TLS', async () => {
    const asked: string[] = [];
    host = await testHost({
      files: {
        '/etc/kairos/registry.json': JSON.stringify({ auths: { 'a.example': { auth: base64('u:p') } } }),
      },
      fetch: (url) => {
        asked.push(url);
        return new Response(null, {
          status: 401,
          headers: { 'www-authenticate': 'Bearer realm="http://evil.example/"' },
        });
      },
    });
    const registry = openRegistry(host, parseImageReference('a.example/os'));
    await expect(registry.resolveManifest(parsePlatform('amd64'))).rejects.toMatchObject({ kind: 'step' });
    expect(asked).toHaveLength(1);
  });
});

test.each([
  [['repository:a/b:pull', 'repository:a/b:pull,push'], ['repository:a/b:pull,push']],
  [
    ['repository:a/b:pull repository:c:pull', ''],
    ['repository:a/b:pull', 'repository:c:pull'],
  ],
  [['repository:host:5000/a:pull', 'repository:host:5000/a:push'], ['repository:host:5000/a:pull,push']],
])('scopes %j are merged to %j', (lists, merged) => {
  expect(mergeScopes(lists)).toEqual(merged);
});
