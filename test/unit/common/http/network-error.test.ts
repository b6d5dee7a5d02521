import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fetchBytes } from '../../../../src/common/http/fetch-retrying.ts';
import { explainNetwork } from '../../../../src/common/http/network-error.ts';
import { createNodeFetch } from '../../../../src/common/http/node-fetch.ts';
import { TransientHttpError } from '../../../../src/common/http/transient-error.ts';
import { serve } from './support/loopback-server.ts';

/** The error after the last attempt to fetch a URL. */
async function failure(url: string, env: Readonly<Record<string, string>> = {}) {
  const port = {
    fetch: createNodeFetch({ env }),
    sleep: async () => undefined,
    now: () => new Date(),
    log: () => undefined,
  };
  return fetchBytes(port, { url, timeout: 10_000, limit: 1000, attempts: 2 }).then(
    () => undefined,
    (error: unknown) => error as Error & { readonly remedy?: string },
  );
}

/** Starts a proxy that answers every request, and every request for a tunnel, with a status. */
async function refusingProxy(status: number): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end());
  server.on('connect', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://user:hush@127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address of the loopback where nothing listens. */
async function closedPort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

describe('a failure names its place and its remedy', () => {
  test('nothing listens at the address', async () => {
    const address = await closedPort();
    const error = await failure(`http://${address}/`);
    expect(error?.message).toContain(`${address} refuses connections (ECONNREFUSED)`);
    expect(error?.remedy).toContain('that the server is running');
  });

  test('nothing listens at the address of the proxy', async () => {
    const address = await closedPort();
    const error = await failure('https://registry.example/', { HTTPS_PROXY: `http://${address}` });
    expect(error?.message).toContain(`${address} refuses connections`);
    expect(error?.remedy).toContain('HTTPS_PROXY');
  });

  test('the server does not use TLS', async () => {
    const { origin } = await serve((_, response) => response.end());
    const host = origin.slice('http://'.length);
    const error = await failure(`https://${host}/`);
    expect(error?.message).toContain(`no TLS connection to ${host} can be made`);
    expect(error?.remedy).toContain('insecure');
  });

  test('a redirect leads to a host that is down', async () => {
    const address = await closedPort();
    const { origin } = await serve((_, response) =>
      response.writeHead(302, { location: `http://${address}/` }).end(),
    );
    expect((await failure(origin))?.message).toContain(`${address} refuses connections`);
  });

  test.each([
    ['https', 407, 'USER:PASSWORD'],
    ['http', 407, 'USER:PASSWORD'],
    ['https', 403, 'NO_PROXY'],
  ])('the proxy does not connect by %s: HTTP %i', async (scheme, status, remedy) => {
    const proxy = await refusingProxy(status);
    const error = await failure(`${scheme}://registry.example/`, { HTTP_PROXY: proxy, HTTPS_PROXY: proxy });
    expect(error?.message).toContain(`the proxy does not connect to registry.example (HTTP ${status})`);
    expect(error?.remedy).toContain(remedy);
    expect(error?.message).not.toContain('hush');
  });

  test.each([
    [{ code: 'ENOTFOUND', hostname: 'r.example' }, 'the name r.example:5000 cannot be resolved (ENOTFOUND)'],
    [
      { code: 'EAI_AGAIN', hostname: 'p.example' },
      'the name of the proxy, p.example, cannot be resolved (EAI_AGAIN)',
    ],
    [{ code: 'FailedToOpenSocket' }, 'the name r.example:5000 cannot be resolved (FailedToOpenSocket)'],
    [{ code: 'ConnectionRefused' }, 'r.example:5000 refuses connections (ConnectionRefused)'],
    [{ code: 'ECONNRESET' }, 'socket hang up'],
  ])('%j', (details, text) => {
    const cause = Object.assign(new Error('socket hang up'), details);
    const error = explainNetwork('r.example:5000', new TypeError('fetch failed', { cause }));
    expect(error).toBeInstanceOf(TransientHttpError);
    expect(error.message).toBe(text);
  });
});
