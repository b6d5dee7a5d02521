import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../../src/factory/boot/forward.ts';
import { makeClientCertificates } from './certificates.ts';
import { tool } from './tool.ts';
import { unmountBelow } from './unmount-below.ts';

/** An empty Docker daemon for tests, which runs until it is disposed of. */
export interface TestDaemon extends AsyncDisposable {
  /** `unix://…`, for `DOCKER_HOST`. */
  readonly address: string;
  /** `tcp://…` with TLS: it requires the client certificates in `certificates`, for `DOCKER_CERT_PATH`. */
  readonly secure: string;
  readonly certificates: string;
  /** Sends a request to its API. */
  call(method: string, path: string, body?: Readable): Promise<unknown>;
  /** Kills it, as a power cut would. */
  kill(): Promise<void>;
}

/**
 * Starts Debian's `dockerd` without a bridge or firewall rules: builds use the host's network.
 * @throws Error with its last lines when it does not answer within a minute
 */
export async function startDockerd(): Promise<TestDaemon> {
  const home = await mkdtemp(join(tmpdir(), 'kairos-dockerd-'));
  const socket = join(home, 'docker.sock');
  const secure = `tcp://127.0.0.1:${await freePort()}`;
  const certificates = join(home, 'certificates');
  await makeClientCertificates(certificates);
  // Ignores the machine's configuration.
  await writeFile(join(home, 'daemon.json'), '{}');
  const own = ['--data-root', join(home, 'data'), '--exec-root', join(home, 'exec')];
  own.push('--pidfile', join(home, 'pid'), '--config-file', join(home, 'daemon.json'));
  own.push('--host', `unix://${socket}`, '--host', secure, '--tlsverify');
  for (const [flag, name] of [
    ['--tlscacert', 'ca.pem'],
    ['--tlscert', 'server.pem'],
    ['--tlskey', 'key.pem'],
  ] as const) {
    own.push(flag, join(certificates, name));
  }
  const network = ['--iptables=false', '--ip6tables=false', '--bridge=none', '--ip-masq=false'];
  const child = execa('dockerd', [...own, ...network, '--log-level', 'warn'], {
    env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin`, DOCKER_HOST: undefined },
    reject: false,
    all: true,
    stdin: 'ignore',
  });
  let ended = false;
  const end = child.then((result) => {
    ended = true;
    return result;
  });
  const call = (method: string, path: string, body?: Readable) => send(socket, method, path, body);
  const stop = async () => {
    child.kill('SIGTERM');
    await end;
    // Cleans up after a killed daemon: its containerd, container shims and mounts.
    await tool('pkill', '-9', '-f', home).catch(() => undefined);
    await unmountBelow(home);
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  for (let attempt = 0; !(await call('GET', '/version').catch(() => undefined)); attempt += 1) {
    if (ended || attempt === 120) {
      await stop();
      throw new Error(`dockerd does not answer:\n${(await end).all?.split('\n').slice(-15).join('\n')}`);
    }
    await setTimeout(500);
  }
  return {
    address: `unix://${socket}`,
    secure,
    certificates,
    call,
    kill: async () => {
      child.kill('SIGKILL');
      await end;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** @throws Error for an unsuccessful response */
async function send(socketPath: string, method: string, path: string, body?: Readable): Promise<unknown> {
  const headers = body ? { 'content-type': 'application/x-tar' } : {};
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const sent = request({ socketPath, method, path, headers, agent: false }, (response) => {
    text(response).then((answer) => {
      if ((response.statusCode ?? 500) >= 300) return reject(new Error(`${method} ${path}: ${answer}`));
      // Message streams contain several values, which no test needs.
      return resolve(answer === '' || answer.includes('\n{') ? answer : JSON.parse(answer));
    }, reject);
  });
  sent.on('error', reject);
  if (body) body.pipe(sent);
  else sent.end();
  return promise;
}
