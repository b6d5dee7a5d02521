import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createNodeFetch } from '../../../../../src/common/http/node-fetch.ts';
import { download } from '../../../../../src/factory/inputs/download/download.ts';
import { fetchText } from '../../../../../src/factory/inputs/download/fetch-text.ts';
import { failureOf } from '../../../support/failure.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const fetch = createNodeFetch({ env: {} });
const CONTENT = Buffer.from('the program '.repeat(1000));
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server on the loopback; `ranges` gathers the Range header of each request. */
async function serve(answer: Answer): Promise<{ url: string; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, ranges.length);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/k3s`, ranges };
}

/** Answers as a server that knows ranges. */
const whole: Answer = (request, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= CONTENT.length) response.writeHead(416).end();
  else
    response
      .writeHead(from > 0 ? 206 : 200, { 'content-length': CONTENT.length - from })
      .end(CONTENT.subarray(from));
};

function context(directory = temporaryDirectory(), signal = new AbortController().signal) {
  const owner = { identity: '2-2', isAlive: async () => false };
  return { directory, owner, fetch, signal, say: () => undefined, pause: 1 };
}

describe('download', () => {
  test('keeps the file under its checksum, and fetches it once', async () => {
    const { url, ranges } = await serve(whole);
    const home = context();
    const file = await download({ url, sha256: SHA256 }, home);
    expect(readFileSync(file)).toEqual(CONTENT);
    expect(await download({ url, sha256: SHA256 }, home)).toBe(file);
    expect(ranges).toEqual([undefined]);
    expect(readdirSync(home.directory)).toEqual([SHA256]);
  });

  test('resumes where the connection broke', async () => {
    const { url, ranges } = await serve((request, response, count) => {
      if (count > 1) return whole(request, response, count);
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 5000), () => setTimeout(() => response.destroy(), 50));
    });
    const file = await download({ url, sha256: SHA256 }, context());
    expect(readFileSync(file)).toEqual(CONTENT);
    expect(ranges).toEqual([undefined, 'bytes=5000-']);
  });

  test('resumes the part of a dead run, and starts again when it is damaged', async () => {
    const { url, ranges } = await serve(whole);
    const [good, damaged] = [context(), context()];
    // No process has the start time 1.
    writeFileSync(join(good.directory, `${SHA256}.1-1.x.part`), CONTENT.subarray(0, 100));
    writeFileSync(join(damaged.directory, `${SHA256}.1-1.x.part`), 'x'.repeat(100));
    for (const home of [good, damaged])
      expect(readFileSync(await download({ url, sha256: SHA256 }, home))).toEqual(CONTENT);
    expect(ranges).toEqual(['bytes=100-', 'bytes=100-', undefined]);
  });

  test('refuses content with another checksum and keeps none of it', async () => {
    const { url } = await serve((_, response) => response.end('something else'));
    const home = context();
    const failure = await failureOf(() => download({ url, sha256: SHA256 }, home), 'verification');
    expect(failure.details.join('\n')).toContain(SHA256);
    expect(readdirSync(home.directory)).toEqual([]);
  });

  test('retries when the server is busy, but not when the file does not exist', async () => {
    const busy = await serve((request, response, count) =>
      count === 1 ? response.writeHead(503, { 'retry-after': '0' }).end() : whole(request, response, count),
    );
    await download({ url: busy.url, sha256: SHA256 }, context());
    expect(busy.ranges.length).toBe(2);
    const missing = await serve((_, response) => response.writeHead(404).end());
    const failure = await failureOf(() => download({ url: missing.url, sha256: SHA256 }, context()), 'step');
    expect(failure.message).toMatch(/responds with HTTP 404 for \/k3s/);
    expect(missing.ranges.length).toBe(1);
  });

  test('gives up on a server that never makes progress', async () => {
    const { url, ranges } = await serve((_, response) => response.destroy());
    const failure = await failureOf(() => download({ url, sha256: SHA256 }, context()), 'step');
    expect(failure.remedy).toMatch(/HTTPS_PROXY/);
    expect(ranges.length).toBe(5);
  });

  test('stops at once when it is cancelled', async () => {
    const controller = new AbortController();
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 10), () => controller.abort(new Error('cancelled')));
    });
    const home = context(undefined, controller.signal);
    await expect(download({ url, sha256: SHA256 }, home)).rejects.toThrow('cancelled');
    expect(readdirSync(home.directory)).not.toContain(SHA256);
  });
});

test('a small text that is too large is refused', async () => {
  const { url } = await serve(whole);
  const signal = new AbortController().signal;
  expect(await fetchText(fetch, { url, signal, limit: CONTENT.length })).toBe(CONTENT.toString());
  await failureOf(() => fetchText(fetch, { url, signal, limit: CONTENT.length - 1 }), 'verification');
});
