import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dockerEndpoint } from '../../../../src/factory/engine/docker/endpoint.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const PEM = { 'ca.pem': 'CA', 'cert.pem': 'CERT', 'key.pem': 'KEY' };
const TLS = { ca: 'CA', cert: 'CERT', key: 'KEY' };

/** A Docker configuration in the form of `docker context create`. */
function dockerHome(
  contexts: Readonly<Record<string, object>>,
  files: Readonly<Record<string, string>> = {},
) {
  const home = temporaryDirectory();
  for (const [name, endpoint] of Object.entries(contexts)) {
    const id = createHash('sha256').update(name).digest('hex');
    plant(home, {
      [`contexts/meta/${id}/meta.json`]: JSON.stringify({ Name: name, Endpoints: { docker: endpoint } }),
    });
  }
  return plant(home, files);
}

const tlsFiles = (name: string, files: Readonly<Record<string, string>>) => {
  const place = `contexts/tls/${createHash('sha256').update(name).digest('hex')}/docker`;
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [join(place, file), text]));
};

describe('DOCKER_HOST', () => {
  test.each([
    ['unix:///run/user/1000/docker.sock', { kind: 'unix', path: '/run/user/1000/docker.sock' }],
    ['tcp://build.example:2375', { kind: 'tcp', host: 'build.example', port: 2375 }],
    ['tcp://build.example', { kind: 'tcp', host: 'build.example', port: 2375 }],
    ['build.example:4000', { kind: 'tcp', host: 'build.example', port: 4000 }],
    ['tcp://[2001:db8::1]:4000', { kind: 'tcp', host: '2001:db8::1', port: 4000 }],
    // The TLS port is never used without TLS.
    ['tcp://build.example:2376', { kind: 'tcp', host: 'build.example', port: 2376, tls: {} }],
    ['ssh://build.example', { kind: 'ssh', host: 'build.example' }],
    ['ssh://ann@build.example:2222', { kind: 'ssh', host: 'build.example', port: 2222, user: 'ann' }],
  ])('%s', async (address, transport) => {
    const found = await dockerEndpoint({ DOCKER_HOST: address, DOCKER_CONFIG: temporaryDirectory() });
    expect(found).toEqual({ address, origin: 'DOCKER_HOST', transport });
  });

  test.each([
    'unix://relative.sock',
    'tcp://',
    'tcp://host:port',
    'tcp://host/path',
    'npipe:////./pipe/docker',
    'ssh://-oProxyCommand=evil',
    'ssh://-l@host',
    'ssh://ann:secret@host',
  ])('refuses %s', async (address) => {
    const error = await failureOf(() => dockerEndpoint({ DOCKER_HOST: address }), 'usage');
    expect(error.message).toContain('DOCKER_HOST');
    expect(error.remedy).toContain('unix:///PATH');
  });

  test.each([{ DOCKER_TLS_VERIFY: '1' }, {}])(
    'certificates of DOCKER_CERT_PATH are used and the server verified, with %j too',
    async (env) => {
      const place = plant(temporaryDirectory(), PEM);
      const found = await dockerEndpoint({ DOCKER_HOST: 'tcp://b:1', DOCKER_CERT_PATH: place, ...env });
      expect(found.transport).toEqual({ kind: 'tcp', host: 'b', port: 1, tls: TLS });
    },
  );

  test('DOCKER_TLS_VERIFY alone uses the certificates in the configuration directory; a missing one is an error', async () => {
    const home = plant(temporaryDirectory(), PEM);
    const env = { DOCKER_HOST: 'tcp://b', DOCKER_TLS_VERIFY: '1' };
    const found = await dockerEndpoint({ ...env, DOCKER_CONFIG: home });
    expect(found.transport).toEqual({ kind: 'tcp', host: 'b', port: 2376, tls: TLS });
    const error = await failureOf(
      () => dockerEndpoint({ ...env, DOCKER_CONFIG: temporaryDirectory() }),
      'usage',
    );
    expect(error.message).toMatch(/cannot read the Docker certificate: .*\.pem/);
  });
});

describe('contexts', () => {
  const config = (name: string) => ({ 'config.json': JSON.stringify({ currentContext: name }) });

  test('DOCKER_HOST has precedence over DOCKER_CONTEXT, and that over currentContext', async () => {
    const hosts = { one: { Host: 'unix:///one' }, two: { Host: 'tcp://two:1' } };
    const home = dockerHome(hosts, config('one'));
    const find = async (env: Record<string, string>) =>
      (await dockerEndpoint({ DOCKER_CONFIG: home, ...env })).transport;
    expect(await find({})).toEqual({ kind: 'unix', path: '/one' });
    expect(await find({ DOCKER_CONTEXT: 'two' })).toEqual({ kind: 'tcp', host: 'two', port: 1 });
    const host = { DOCKER_CONTEXT: 'two', DOCKER_HOST: 'unix:///three' };
    expect(await find(host)).toEqual({ kind: 'unix', path: '/three' });
    expect((await dockerEndpoint({ DOCKER_CONFIG: home })).origin).toMatch(
      /context "one" \(.*config\.json\)/,
    );
  });

  test('uses the certificates of a context', async () => {
    const home = dockerHome({ one: { Host: 'tcp://b:1' } }, tlsFiles('one', PEM));
    const found = await dockerEndpoint({ DOCKER_CONFIG: home, DOCKER_CONTEXT: 'one' });
    expect(found.transport).toEqual({ kind: 'tcp', host: 'b', port: 1, tls: TLS });
  });

  test('refuses a context that does not verify its server', async () => {
    const home = dockerHome({ one: { Host: 'tcp://b:1', SkipTLSVerify: true } });
    const error = await failureOf(
      () => dockerEndpoint({ DOCKER_CONFIG: home, DOCKER_CONTEXT: 'one' }),
      'usage',
    );
    expect(error.message).toMatch(/"one" does not verify its server/);
  });

  test('names a missing context and a broken file', async () => {
    const missing = dockerHome({}, config('gone'));
    expect((await failureOf(() => dockerEndpoint({ DOCKER_CONFIG: missing }), 'usage')).message).toMatch(
      /the Docker context "gone" does not exist/,
    );
    const broken = plant(temporaryDirectory(), { 'config.json': '{' });
    expect((await failureOf(() => dockerEndpoint({ DOCKER_CONFIG: broken }), 'usage')).message).toContain(
      join(broken, 'config.json'),
    );
  });

  test.each([{}, config('default'), { 'config.json': '{}' }])(
    'the socket of the system, which nobody has named: %j',
    async (files) => {
      const home = plant(temporaryDirectory(), files);
      const found = await dockerEndpoint({ DOCKER_CONFIG: home, DOCKER_HOST: '' });
      expect(found).toEqual({
        address: 'unix:///var/run/docker.sock',
        transport: { kind: 'unix', path: '/var/run/docker.sock' },
      });
    },
  );
});
