import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { exchange } from '../../../../src/common/http/exchange.ts';
import { type Fetching, fetchBytes } from '../../../../src/common/http/fetch-retrying.ts';
import { httpPort } from '../../../../src/common/http/http-port.ts';
import { startIdleTimeout, untilIdle } from '../../../../src/common/http/idle-timeout.ts';
import { createNodeFetch } from '../../../../src/common/http/node-fetch.ts';
import { TransientHttpError } from '../../../../src/common/http/transient-error.ts';
import { failureOf } from '../../support/failure.ts';
import { type Handler, serve } from './support/loopback-server.ts';

/** Self-signed, for 127.0.0.1, until 2126. */
const pem = (name: string) => readFileSync(new URL(`support/loopback.${name}.pem`, import.meta.url), 'utf8');
const tls = { cert: pem('cert'), key: pem('key') };
const ca = tls.cert;
const warnings: string[] = [];
const port = () => httpPort(createNodeFetch({ env: {}, ca }), (text) => void warnings.push(text));
const get = (url: string, options: Partial<Fetching & { limit: number }> = {}) =>
  fetchBytes(port(), { url, timeout: 5_000, limit: 1000, pause: 1, attempts: 3, ...options }).then((bytes) =>
    Buffer.from(bytes).toString(),
  );
const redirect =
  (location: string): Handler =>
  (_, response) =>
    response.writeHead(302, { location }).end('elsewhere');

describe('redirects', () => {
  test('refuses https to http to https, although both ends use TLS', async () => {
    const end = await serve((_, response) => response.end('content'), tls);
    const plain = await serve(redirect(end.origin));
    const start = await serve(redirect(plain.origin), tls);
    await failureOf(() => get(start.origin), 'verification');
    expect([start.seen.length, plain.seen.length, end.seen.length]).toEqual([1, 0, 0]);
  });

  test('follows https to https', async () => {
    const end = await serve((_, response) => response.end('content'), tls);
    const start = await serve(redirect(`${end.origin}/end`), tls);
    expect(await get(start.origin)).toBe('content');
  });

  test('stops in a redirect loop', async () => {
    const server = await serve(redirect('/again'));
    await failureOf(() => get(server.origin), 'step');
    expect(server.seen).toHaveLength(11);
  });

  test('sends credentials only to their origin', async () => {
    const end = await serve((_, response) => response.end('content'));
    const start = await serve(redirect(end.origin));
    const url = start.origin.replace('//', '//user:pass@');
    await get(url, { headers: { cookie: 'session=1' } });
    expect(start.seen[0]?.headers).toMatchObject({
      authorization: 'Basic dXNlcjpwYXNz',
      cookie: 'session=1',
    });
    expect(end.seen[0]?.headers.authorization).toBeUndefined();
    expect(end.seen[0]?.headers.cookie).toBeUndefined();
  });
});

describe('limits', () => {
  test('refuses a Content-Length above the limit before it reads the body', async () => {
    let written = 0;
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 1001 });
      response.flushHeaders();
      setTimeout(() => response.write('x', () => void written++), 2_000).unref();
    });
    const failure = await failureOf(() => get(server.origin), 'verification');
    expect(failure.message).toBe(`${server.origin}/ is larger than 1000 bytes`);
    expect(written).toBe(0);
  });

  test('stops reading a body without Content-Length at the limit', async () => {
    const server = await serve((_, response) => {
      const fill = () => {
        if (!response.destroyed) response.write('x'.repeat(100), () => setTimeout(fill, 1));
      };
      fill();
    });
    await failureOf(() => get(server.origin), 'verification');
    expect(server.seen).toHaveLength(1);
  });

  test.each([true, false])(
    'accepts a body of exactly the limit; with Content-Length: %s',
    async (announced) => {
      const server = await serve((_, response) => {
        if (announced) response.setHeader('content-length', 1000);
        response.write('x'.repeat(500));
        response.end('x'.repeat(500));
      });
      expect(await get(server.origin)).toHaveLength(1000);
    },
  );
});

describe('retries', () => {
  test.each([
    ['seconds', () => '1'],
    ['a date', () => new Date(Date.now() + 1_500).toUTCString()],
  ])('respects Retry-After in %s', async (_, header) => {
    const times: number[] = [];
    const server = await serve((_, response, count) => {
      times.push(Date.now());
      if (count === 1) response.writeHead(429, { 'retry-after': header() }).end();
      else response.end('content');
    });
    expect(await get(server.origin)).toBe('content');
    // A date has a resolution of one second.
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(450);
  });

  test('retries when the connection breaks in the middle of a body', async () => {
    const server = await serve((_, response, count) => {
      if (count > 1) return response.end('content');
      response.writeHead(200, { 'content-length': 7 });
      response.write('con', () => setTimeout(() => response.socket?.resetAndDestroy(), 20));
      return response;
    });
    expect(await get(server.origin)).toBe('content');
    expect(server.seen).toHaveLength(2);
  });

  test('retries when a server does not respond in time', async () => {
    const server = await serve((_, response, count) => {
      if (count > 1) response.end('content');
    });
    expect(await get(server.origin, { timeout: 300 })).toBe('content');
  });

  test('does not retry a refusal', async () => {
    const server = await serve((_, response) => response.writeHead(404).end());
    const failure = await failureOf(() => get(server.origin), 'step');
    expect(failure).toMatchObject({ code: 'DOWNLOAD_FAILED', message: expect.stringContaining('HTTP 404') });
    expect(server.seen).toHaveLength(1);
  });

  test('does not retry an untrusted certificate', async () => {
    const server = await serve((_, response) => response.end('content'), tls);
    const stranger = httpPort(createNodeFetch({ env: {} }), () => undefined);
    const fetching = { url: server.origin, timeout: 5_000, limit: 10, pause: 1 };
    const failure = await failureOf(() => fetchBytes(stranger, fetching), 'step');
    expect(failure.message).toContain('is not trusted');
    expect(server.seen).toHaveLength(0);
  });

  test('an abort ends the pause before a retry', async () => {
    const controller = new AbortController();
    const server = await serve((_, response) => {
      response.writeHead(503, { 'retry-after': '100' }).end();
      setTimeout(() => controller.abort(new Error('cancelled')), 50);
    });
    await expect(get(server.origin, { signal: controller.signal })).rejects.toThrow('cancelled');
  });
});

describe('idle timeout', () => {
  const silentServer = () =>
    serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('x');
    });

  test('aborts a stalled transfer', async () => {
    const server = await silentServer();
    const idle = startIdleTimeout(1_000, undefined);
    const { response } = await exchange(port(), server.origin, { signal: idle.signal });
    const read = async () => {
      for await (const _ of untilIdle(response.body, idle, 100));
    };
    await expect(read()).rejects.toBeInstanceOf(TransientHttpError);
  });

  test('does not count the time of the consumer', async () => {
    const server = await serve((_, response) => {
      response.write('x');
      setTimeout(() => response.end('y'), 20);
    });
    const idle = startIdleTimeout(1_000, undefined);
    const { response } = await exchange(port(), server.origin, { signal: idle.signal });
    let text = '';
    for await (const chunk of untilIdle(response.body, idle, 200)) {
      text += Buffer.from(chunk).toString();
      await sleep(300);
    }
    expect(text).toBe('xy');
  });
});
