import { chmodSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { chooseEngine, type Engines } from '../../../../src/factory/engine/choose-engine.ts';
import type { ContainerEngine } from '../../../../src/factory/engine/container-engine.ts';
import { connectDaemon } from '../../../../src/factory/engine/docker/daemon.ts';
import { connectionError } from '../../../../src/factory/engine/docker/docker-error.ts';
import type { DockerEndpoint } from '../../../../src/factory/engine/docker/endpoint.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/*
 * An HTTP server on a socket replaces the daemon, and also behaves like an old or a dying one.
 * test/integration/docker.test.ts runs the engine with a real daemon.
 */

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json = (value: unknown, status = 200): Answer => {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
};
const GREETING = {
  'GET /version': json({ Version: '20.10.24', ApiVersion: '1.41' }),
  'GET /info': json({ ID: 'daemon-1' }),
};

async function serve(answers: Readonly<Record<string, Answer>>): Promise<DockerEndpoint> {
  const path = join(temporaryDirectory(), 'docker.sock');
  const server = createServer((request, response) => {
    const key = `${request.method} ${(request.url ?? '').replace(/\?.*/, '')}`;
    (answers[key] ?? json({ message: `no answer for ${key}` }, 500))(request, response);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `unix://${path}`, origin: 'DOCKER_HOST', transport: { kind: 'unix', path } };
}

function tools(signal = new AbortController().signal, env: Record<string, string | undefined> = process.env) {
  return { runner: createRunner({ signal, log: () => undefined, env }), signal };
}

const context = () => Readable.from([Buffer.from('context')]);
const ignore = { onLine: () => undefined };

describe('connecting', () => {
  test('reports version and id', async () => {
    expect(await connectDaemon(await serve(GREETING), tools())).toMatchObject({
      id: 'daemon-1',
      version: '20.10.24',
    });
  });

  test.each(['1.40', '1.9', undefined])('refuses API %s', async (api) => {
    const endpoint = await serve({ ...GREETING, 'GET /version': json({ Version: '1', ApiVersion: api }) });
    const error = await failureOf(() => connectDaemon(endpoint, tools()), 'tool');
    expect(error.message).toMatch(/is too old: its API is .*, but 1\.41 is required/);
  });

  test('names the address that does not answer, and where it is set', async () => {
    const path = join(temporaryDirectory(), 'nothing.sock');
    const endpoint = {
      address: `unix://${path}`,
      origin: 'DOCKER_HOST',
      transport: { kind: 'unix', path },
    } as const;
    const error = await failureOf(() => connectDaemon(endpoint, tools()), 'tool');
    expect(error.message).toBe(`the Docker daemon does not answer: unix://${path} (set by DOCKER_HOST)`);
    expect(error.remedy).toBe('Start it, correct DOCKER_HOST, or use --engine buildah.');
  });

  test('says what to do without permission for the socket', () => {
    // Constructed, because these tests may run as root, who may use every socket.
    const refusal = Object.assign(new Error('connect EACCES /var/run/docker.sock'), { code: 'EACCES' });
    const endpoint = { address: 'unix:///s', transport: { kind: 'unix', path: '/s' } } as const;
    const error = connectionError(endpoint, refusal);
    expect(error).toMatchObject({
      kind: 'tool',
      message: 'no permission to use the socket of the Docker daemon: unix:///s',
      remedy: expect.stringMatching(/usermod .* docker USER.*--engine buildah/),
    });
  });

  test('goes through the program ssh, and reports its errors', async () => {
    const endpoint = await serve(GREETING);
    const socket = endpoint.transport.kind === 'unix' ? endpoint.transport.path : '';
    // Stands in for OpenSSH and a remote machine: checks the arguments, and relays the bytes like dial-stdio.
    const bridge = `const s=require('net').connect(${JSON.stringify(socket)});process.stdin.pipe(s);s.pipe(process.stdout)`;
    const script = `#!/bin/sh
for last; do :; done
case "$*" in *"-l ann -p 2222 -- there docker system dial-stdio") ;; *) echo "Permission denied: $*" >&2; exit 255;; esac
exec ${process.execPath} -e ${JSON.stringify(bridge).replaceAll('$', '\\$')}
`;
    const bin = plant(temporaryDirectory(), { ssh: script });
    chmodSync(join(bin, 'ssh'), 0o755);
    const through = tools(undefined, { PATH: `${bin}:${process.env['PATH']}` });
    const to = (user: string) => ({
      address: `ssh://${user}@there:2222`,
      origin: 'DOCKER_HOST',
      transport: { kind: 'ssh', host: 'there', port: 2222, user } as const,
    });
    expect(await connectDaemon(to('ann'), through)).toMatchObject({ id: 'daemon-1' });
    const error = await failureOf(() => connectDaemon(to('bob'), through), 'tool');
    expect(error.details.join()).toMatch(/Permission denied: .*-l bob/);
  });
});

describe('a connected daemon', () => {
  test('its errors are reported verbatim', async () => {
    const daemon = await connectDaemon(
      await serve({ ...GREETING, 'POST /build': json({ message: 'no space left on device' }, 500) }),
      tools(),
    );
    const error = await failureOf(() => daemon.build(context(), { useCache: true }, ignore), 'step');
    expect(error.message).toBe('building the image: the Docker daemon reports: no space left on device');
  });

  test.each([
    ['in the middle of a build', (response: ServerResponse) => response.destroy()],
    ['with half a message', (response: ServerResponse) => response.write('{"str', () => response.destroy())],
  ])('dies %s', async (_, die) => {
    const build: Answer = (request, response) => {
      request.resume().on('end', () => {
        response.write('{"stream":"Step 1/2 : FROM x\\n"}\n', () => die(response));
      });
    };
    const daemon = await connectDaemon(await serve({ ...GREETING, 'POST /build': build }), tools());
    const error = await failureOf(() => daemon.build(context(), { useCache: true }, ignore), 'step');
    expect(error.message).toMatch(
      /^building the image: the connection to the Docker daemon at unix:.* was lost$/,
    );
    expect(error.remedy).toMatch(/still running/);
  });

  test('a stream that ends without an image is a failure', async () => {
    const daemon = await connectDaemon(
      await serve({ ...GREETING, 'POST /build': json({ stream: 'Step 1/1 : FROM x\n' }) }),
      tools(),
    );
    const error = await failureOf(() => daemon.build(context(), { useCache: true }, ignore), 'step');
    expect(error.message).toMatch(/without reporting an image/);
  });

  test('cancelling ends a pending request, and cleaning up still works', async () => {
    const controller = new AbortController();
    const removed: string[] = [];
    const endpoint = await serve({
      ...GREETING,
      'POST /build': (request) => {
        request.resume();
        setTimeout(() => controller.abort(new Error('enough')), 20);
      },
      'DELETE /containers/abc': (request, response) => {
        removed.push(request.url ?? '');
        response.writeHead(204).end();
      },
      'DELETE /images/x': json({ message: 'No such image: x' }, 404),
    });
    const daemon = await connectDaemon(endpoint, tools(controller.signal));
    await expect(daemon.build(context(), { useCache: true }, ignore)).rejects.toThrow('enough');
    await daemon.removeContainer('abc');
    await daemon.removeImage('x');
    expect(removed).toEqual(['/containers/abc?force=true&v=true']);
  });

  test('an error of the context is reported', async () => {
    const daemon = await connectDaemon(
      await serve({ ...GREETING, 'POST /build': (request) => void request.resume() }),
      tools(),
    );
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('half');
        throw new Error('the overlay is gone');
      })(),
    );
    await expect(daemon.build(broken, { useCache: true }, ignore)).rejects.toThrow('the overlay is gone');
  });
});

describe('choosing an engine', () => {
  const named = (name: string) => ({ name }) as ContainerEngine;
  const engines = (endpoint: DockerEndpoint): Engines => ({
    endpoint: async () => endpoint,
    daemon: () => connectDaemon(endpoint, tools()),
    docker: () => named('docker'),
    buildah: () => named('buildah'),
    buildkit: () => named('buildkit'),
    log: () => undefined,
  });
  const absent = (origin?: string): DockerEndpoint => ({
    address: 'unix:///nowhere/docker.sock',
    ...(origin === undefined ? {} : { origin }),
    transport: { kind: 'unix', path: '/nowhere/docker.sock' },
  });

  test('auto prefers a daemon that answers, and falls back to buildah if none is configured', async () => {
    expect((await chooseEngine('auto', engines(await serve(GREETING)))).name).toBe('docker');
    expect((await chooseEngine('auto', engines(absent()))).name).toBe('buildah');
    expect((await chooseEngine('buildah', engines(absent('DOCKER_HOST')))).name).toBe('buildah');
  });

  test.each([
    ['auto', 'DOCKER_HOST'],
    ['docker', undefined],
  ] as const)('%s with a daemon of %s that does not answer is an error', async (choice, origin) => {
    const error = await failureOf(() => chooseEngine(choice, engines(absent(origin))), 'tool');
    expect(error.message).toContain('unix:///nowhere/docker.sock');
  });
});
