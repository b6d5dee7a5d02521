import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadBlobs } from '../../../../../src/common/oci/registry/blob-store.ts';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import { openRegistry } from '../../../../../src/common/oci/registry/registry.ts';
import { type TestHost, testHost } from '../../../agent/support/test-host.ts';
import { sha256 } from '../layers/support/test-image.ts';
import { realFetch, type TestRegistry, testRegistry } from '../layers/support/test-registry.ts';

const bytes = Buffer.alloc(300_000, 'some bytes of a layer ');
const digest = sha256(bytes);
const name = digest.replace(':', '-');
const blob = { mediaType: 'application/octet-stream', digest, size: bytes.length };
let server: TestRegistry;
let host: TestHost;

beforeEach(async () => {
  server = await testRegistry();
  server.blobs.set(digest, bytes);
  host = await testHost({ fetch: realFetch });
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

type Options = Partial<Parameters<typeof downloadBlobs>[2]>;
const download = (blobs = [blob], options: Options = {}) =>
  downloadBlobs(host, openRegistry(host, parseImageReference(`${server.address}/os:v1`)), {
    blobs,
    directory: '/staging',
    ...options,
  });
const files = () => readdirSync(host.resolve('/staging')).sort();
const ranges = () =>
  server.seen.filter(({ path }) => path.includes('/blobs/')).map(({ headers }) => headers.range);

test('verifies and stores a blob, and does not fetch it twice', async () => {
  const seen: number[] = [];
  const [file = ''] = await download([blob, blob], { progress: (done, total) => seen.push(done / total) });
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(files()).toEqual([name]);
  expect(statSync(host.resolve('/staging')).mode & 0o777).toBe(0o700);
  expect(seen.at(-1)).toBe(1);
  await download();
  expect(ranges()).toEqual([undefined]);
});

test('fetches a file again that a power cut truncated to nothing', async () => {
  await host.write(`/staging/${name}`, Buffer.alloc(bytes.length));
  const [file = ''] = await download();
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test('resumes after a broken connection', async () => {
  let cuts = 0;
  server.interfere = ({ path, headers }, response) => {
    if (!path.includes('/blobs/') || ++cuts > 2) return false;
    const start = Number(/\d+/.exec(headers.range ?? '0')?.[0]);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': bytes.length - start,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    response.write(bytes.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 50));
    return true;
  };
  await download();
  expect(ranges()).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
});

test('resumes the partial file of an earlier run', async () => {
  await host.write(`/staging/${name}.partial`, bytes.subarray(0, 1234));
  await download();
  expect(ranges()).toEqual(['bytes=1234-']);
  expect(files()).toEqual([name]);
});

test('does not fetch a complete file of an earlier run again', async () => {
  await host.write(`/staging/${name}.partial`, bytes);
  await download();
  expect(ranges()).toEqual([]);
});

test('fetches damaged or too long files again', async () => {
  await host.write(`/staging/${name}.partial`, Buffer.alloc(1234));
  await download();
  expect(ranges()).toEqual(['bytes=1234-', undefined]);
  await host.remove('/staging');
  await host.write(`/staging/${name}.partial`, Buffer.alloc(bytes.length + 1));
  await download();
  expect(ranges().at(-1)).toBeUndefined();
  expect(files()).toEqual([name]);
});

test.each([
  ['ignores ranges', 200],
  ['refuses ranges', 416],
])('a server that %s starts anew', async (_, status) => {
  await host.write(`/staging/${name}.partial`, bytes.subarray(0, 1234));
  server.interfere = ({ path, headers }, response) => {
    if (!path.includes('/blobs/') || !headers.range) return false;
    response.writeHead(status).end(status === 200 ? bytes : '');
    return true;
  };
  const [file = ''] = await download();
  expect(readFileSync(file).equals(bytes)).toBe(true);
});

test.each([
  ['another content', Buffer.alloc(bytes.length)],
  ['too much', Buffer.concat([bytes, bytes])],
])('%s is refused and removed', async (_, lie) => {
  server.blobs.set(digest, lie);
  await expect(download()).rejects.toMatchObject({ kind: 'verification' });
  expect(files()).toEqual([]);
});

test('retries a truncated blob, then gives up', async () => {
  server.interfere = ({ path }, response) => {
    if (path.includes('/blobs/')) response.writeHead(200).end(bytes.subarray(0, 10));
    return path.includes('/blobs/');
  };
  await expect(download()).rejects.toMatchObject({
    kind: 'step',
    message: expect.stringContaining('10 of 300000'),
  });
});

test('reports a missing blob', async () => {
  server.blobs.clear();
  await expect(download()).rejects.toMatchObject({
    kind: 'step',
    message: expect.stringContaining('HTTP 404'),
  });
});

test('downloads at most three blobs at a time', async () => {
  const many = Array.from({ length: 7 }, (_, index) => Buffer.from(`layer ${index}`));
  for (const one of many) server.blobs.set(sha256(one), one);
  let [open, most] = [0, 0];
  server.interfere = ({ path }, response) => {
    const one = server.blobs.get(path.split('/blobs/')[1] ?? '');
    if (one === undefined) return false;
    most = Math.max(most, ++open);
    setTimeout(() => {
      open -= 1;
      response.end(one);
    }, 30);
    return true;
  };
  const found = await download(
    many.map((one) => ({ mediaType: 'x', digest: sha256(one), size: one.length })),
  );
  expect(most).toBe(3);
  expect(found.map((file) => readFileSync(file, 'utf8'))).toEqual(many.map(String));
});

test('does not start a download that does not fit', async () => {
  const huge = { ...blob, size: 2 ** 52 };
  await expect(download([huge])).rejects.toMatchObject({
    kind: 'step',
    message: expect.stringMatching(/^\/staging has \d+ MiB free, the download needs \d+ MiB$/),
  });
  expect(ranges()).toEqual([]);
});

test('an abort keeps the partial file for the next run', async () => {
  const controller = new AbortController();
  server.interfere = ({ path }, response) => {
    if (!path.includes('/blobs/')) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, 100_000));
    const partial = host.resolve(`/staging/${name}.partial`);
    const timer = setInterval(() => {
      if (!existsSync(partial) || statSync(partial).size < 100_000) return;
      clearInterval(timer);
      controller.abort();
    }, 10);
    return true;
  };
  await expect(download([blob], { signal: controller.signal })).rejects.toMatchObject({
    kind: 'interrupted',
  });
  expect(existsSync(host.resolve(`/staging/${name}.partial`))).toBe(true);
  server.interfere = undefined;
  await download();
  expect(ranges()).toEqual([undefined, 'bytes=100000-']);
});
