import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { digestOf } from '../../../../../src/common/files/digest.ts';
import { createNodeFetch } from '../../../../../src/common/http/node-fetch.ts';
import { type BlobContent, bytesBlob } from '../../../../../src/common/oci/registry/blob-content.ts';
import { PUSHING_CLIENT } from '../../../../../src/common/oci/registry/client.ts';
import { MEDIA } from '../../../../../src/common/oci/registry/image-manifest.ts';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import { referrersTag } from '../../../../../src/common/oci/registry/referrers.ts';
import {
  openRegistryWriter,
  type WriterOptions,
} from '../../../../../src/common/oci/registry/registry-writer.ts';
import { type WritableRegistry, writableRegistry } from '../../../../support/writable-registry.ts';
import { type TestHost, testHost } from '../../../agent/support/test-host.ts';

// Real connections are slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** The minimum chunk size. */
const PART = 256 * 1024;
/** Content without repeated chunks. */
const content = Buffer.concat(
  Array.from({ length: 1 + (5 * PART) / 32 }, (_, at) => createHash('sha256').update(`${at}`).digest()),
);
const digest = digestOf(content);
const blob = bytesBlob('the layer', content);
const OTHER = `sha256:${'0'.repeat(64)}`;
/** Made once, because reading the system's certificates is slow. */
const fetch = createNodeFetch({ env: {} });
let server: WritableRegistry;
let host: TestHost;

beforeEach(async () => {
  server = await writableRegistry();
  host = await testHost({ fetch });
});
afterEach(async () => {
  await host[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const open = (options: WriterOptions = {}) =>
  openRegistryWriter(host, parseImageReference(`${server.address}/team/os`), {
    client: PUSHING_CLIENT,
    ...options,
  });
const there = () => server.blobs.get(`team/os@${digest}`)?.equals(content);
const requests = () =>
  server.seen.map((line) => line.replace(digest, 'DIGEST').replace(/[0-9a-f-]{36}/, 'ID'));

describe('a blob', () => {
  test('is sent in one request when it is small, and only once', async () => {
    expect(await open().pushBlob(blob)).toBe('uploaded');
    expect(there()).toBe(true);
    expect(requests()).toEqual([
      'HEAD /v2/team/os/blobs/DIGEST',
      'POST /v2/team/os/blobs/uploads/',
      'PUT /v2/team/os/blobs/uploads/ID',
    ]);
    expect(await open().pushBlob(blob)).toBe('present');
  });

  test('is sent in chunks when it is large, of the minimum size that the registry requires', async () => {
    const progress: number[] = [];
    await open({ chunk: PART }).pushBlob(blob, { progress: (bytes) => progress.push(bytes) });
    expect(there()).toBe(true);
    expect(requests().filter((line) => line.startsWith('PATCH'))).toHaveLength(6);
    expect(progress.at(-1)).toBe(content.length);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    server.blobs.clear();
    server.minimum = 2 * PART;
    await open({ chunk: PART }).pushBlob(blob);
    expect(there()).toBe(true);
    expect(server.seen.at(-2)).toMatch(new RegExp(`^PATCH .* ${4 * PART}-${content.length - 1}$`));
  });

  test('may be empty', async () => {
    const empty = bytesBlob('nothing', Buffer.alloc(0));
    expect(await open().pushBlob(empty)).toBe('uploaded');
    expect(server.blobs.get(`team/os@${empty.digest}`)?.length).toBe(0);
  });

  test('resumes at the offset that the registry reports after a broken chunk', async () => {
    let cuts = 2;
    server.treat = ({ method, headers }) =>
      method === 'PATCH' && headers['content-range']?.startsWith(`${2 * PART}-`) && cuts-- > 0
        ? { cutAfter: 100_000 }
        : undefined;
    await open({ chunk: 2 * PART }).pushBlob(blob);
    expect(there()).toBe(true);
    const chunks = requests().filter((line) => line.startsWith('PATCH'));
    expect(chunks).toEqual([
      `PATCH /v2/team/os/blobs/uploads/ID 0-${2 * PART - 1}`,
      `PATCH /v2/team/os/blobs/uploads/ID ${2 * PART}-${4 * PART - 1}`,
      `PATCH /v2/team/os/blobs/uploads/ID ${2 * PART + 100_000}-${4 * PART + 100_000 - 1}`,
      `PATCH /v2/team/os/blobs/uploads/ID ${4 * PART + 100_000}-${content.length - 1}`,
    ]);
    expect(requests().filter((line) => line.startsWith('POST'))).toHaveLength(1);
  });

  test('continues in chunks when the request with the whole blob breaks', async () => {
    server.treat = ({ method }) => {
      if (method !== 'PUT') return undefined;
      server.treat = undefined;
      return { cutAfter: PART };
    };
    await open().pushBlob(blob);
    expect(there()).toBe(true);
    expect(requests().filter((line) => /^P(ATCH|UT)/.test(line))).toEqual([
      'PUT /v2/team/os/blobs/uploads/ID',
      `PATCH /v2/team/os/blobs/uploads/ID ${PART}-${content.length - 1}`,
      'PUT /v2/team/os/blobs/uploads/ID',
    ]);
  });

  test('starts over when the registry has lost it', async () => {
    let count = 0;
    server.treat = ({ method }) => {
      if (method === 'PATCH') count += 1;
      if (count === 3 && method === 'PATCH') return { cutAfter: 1000 };
      return count === 3 && method === 'GET' ? { status: 404 } : undefined;
    };
    await open({ chunk: PART }).pushBlob(blob);
    expect(there()).toBe(true);
    expect(requests().filter((line) => line.startsWith('POST'))).toHaveLength(2);
  });

  test('is looked up when the response to its last request was lost', async () => {
    server.treat = ({ method, path }) => {
      if (method !== 'PUT' || !path.includes('uploads')) return undefined;
      server.treat = undefined;
      server.blobs.set(`team/os@${digest}`, content);
      return { status: 502 };
    };
    expect(await open({ chunk: PART }).pushBlob(blob)).toBe('uploaded');
    expect(there()).toBe(true);
  });

  test('waits as long as a registry asks for, but not forever', async () => {
    const answers = [429, 500, 503];
    server.treat = ({ method }) => {
      const status = method === 'PATCH' ? answers.shift() : undefined;
      return status === undefined
        ? undefined
        : { status, headers: status === 429 ? { 'retry-after': '7' } : {} };
    };
    await open({ chunk: PART }).pushBlob(blob);
    expect([there(), host.slept[0], host.slept.length]).toEqual([true, 7000, 3]);
    server.blobs.clear();
    server.treat = ({ method }) => (method === 'PATCH' ? { status: 503 } : undefined);
    await expect(open({ chunk: PART }).pushBlob(blob)).rejects.toMatchObject({
      kind: 'step',
      message: `the layer cannot be pushed: ${server.address} responds with HTTP 503`,
    });
  });

  test('fails when no attempt gets further than the previous one', async () => {
    server.treat = ({ method, headers }) =>
      method === 'PATCH' && headers['content-range']?.startsWith(`${PART}-`) ? { cutAfter: 0 } : undefined;
    await expect(open({ chunk: PART }).pushBlob(blob)).rejects.toMatchObject({ kind: 'step' });
    expect(server.seen.at(-1)).toMatch(/^DELETE /);
  });

  test('is sent in smaller chunks when requests are too large', async () => {
    server.treat = ({ headers }) =>
      Number(headers['content-length'] ?? 0) > PART ? { status: 413, body: '<html>nginx</html>' } : undefined;
    await open({ chunk: 4 * PART }).pushBlob(blob);
    expect(there()).toBe(true);
    server.blobs.clear();
    server.treat = ({ headers }) =>
      Number(headers['content-length'] ?? 0) > 1000 ? { status: 413 } : undefined;
    await expect(open().pushBlob(blob)).rejects.toMatchObject({
      kind: 'step',
      remedy: expect.stringContaining('limit'),
    });
  });

  test('is sent in one request to a registry without chunked uploads', async () => {
    server.treat = ({ method }) => (method === 'PATCH' ? { status: 405 } : undefined);
    await open({ chunk: PART }).pushBlob(blob);
    expect(there()).toBe(true);
  });

  test('is mounted from another repository, or sent if that repository lacks it', async () => {
    server.blobs.set(`team/staging@${digest}`, content);
    expect(await open({ mountFrom: 'team/staging' }).pushBlob(blob)).toBe('mounted');
    expect(there()).toBe(true);
    server.blobs.clear();
    expect(await open({ mountFrom: 'team/staging' }).pushBlob(blob)).toBe('uploaded');
    expect(requests().filter((line) => line.startsWith('POST'))).toHaveLength(2);
  });

  test('is never stored when it does not match its digest', async () => {
    const changed = Buffer.from(content);
    changed[content.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    const wrong: BlobContent = {
      ...blob,
      read: async function* (start, end) {
        yield changed.subarray(start, end);
      },
    };
    for (const chunk of [PART, 32 * PART]) {
      await expect(open({ chunk }).pushBlob(wrong)).rejects.toMatchObject({ kind: 'verification' });
    }
    const short: BlobContent = {
      ...blob,
      read: async function* (start, end) {
        yield content.subarray(start, end - 1);
      },
    };
    await expect(open().pushBlob(short)).rejects.toMatchObject({
      message: expect.stringContaining('shorter'),
    });
    expect(server.blobs.size).toBe(0);
    // It is not retried.
    expect(host.slept).toEqual([]);
  });

  test.each(['present', 'uploaded', 'mounted'])(
    'a wrong digest of a blob that is %s is detected',
    async (how) => {
      if (how === 'present') server.blobs.set(`team/os@${digest}`, content);
      if (how === 'mounted') server.blobs.set(`team/staging@${digest}`, content);
      server.lie = OTHER;
      await expect(open({ mountFrom: 'team/staging' }).pushBlob(blob)).rejects.toMatchObject({
        kind: 'verification',
        details: [`expected ${digest}`, `received ${OTHER}`],
      });
    },
  );

  test('is cancelled by a signal, in the registry as well', async () => {
    const controller = new AbortController();
    server.treat = ({ method }) => {
      if (method === 'PATCH') controller.abort();
      return undefined;
    };
    const pushing = open({ chunk: PART }).pushBlob(blob, { signal: controller.signal });
    await expect(pushing).rejects.toMatchObject({ kind: 'interrupted' });
    expect(server.seen.at(-1)).toMatch(/^DELETE /);
    expect(server.blobs.size).toBe(0);
  });
});

describe('a refusal', () => {
  test.each([
    [404, /refuses the layer/, /is created before/],
    [403, /refuses access/, /may push|log in/],
    [400, /HTTP 400/, /the log of the registry/],
  ])('with HTTP %i is reported with a remedy, and not retried', async (status, message, remedy) => {
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: 'no \x1b[31mroom' }] });
    server.treat = ({ method }) => (method === 'POST' ? { status, body } : undefined);
    const failure = await open()
      .pushBlob(blob)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'step',
      message: expect.stringMatching(message),
      remedy: expect.stringMatching(remedy),
    });
    if (status !== 403) expect(failure).toMatchObject({ details: ['DENIED: no  [31mroom'] });
    expect(host.slept).toEqual([]);
  });
});

describe('tokens', () => {
  test('allow pushing, and are not sent to another host', async () => {
    const scopes: string[] = [];
    await using other = await writableRegistry();
    const leaked: (string | undefined)[] = [];
    other.treat = ({ headers }) => {
      leaked.push(headers.authorization);
      return { status: 201 };
    };
    server.treat = ({ method, path, query, headers }) => {
      if (path === '/token') {
        scopes.push(...query.getAll('scope'));
        return { status: 200, body: '{"token":"t"}' };
      }
      const realm = `Bearer realm="http://${server.address}/token",scope="repository:team/os:pull"`;
      if (headers.authorization !== 'Bearer t')
        return { status: 401, headers: { 'www-authenticate': realm } };
      if (method === 'POST') return { status: 202, headers: { location: `http://${other.address}/there` } };
      return undefined;
    };
    await open({ mountFrom: 'team/staging' }).pushBlob(blob);
    expect(scopes).toEqual(['repository:team/os:pull,push', 'repository:team/staging:pull']);
    expect(leaked).toEqual([undefined]);
  });
});

describe('manifests', () => {
  const manifest = (text: string) => {
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, config: {}, layers: [], text, subject: { digest: OTHER } }),
    );
    return { bytes, digest: digestOf(bytes), mediaType: MEDIA.manifest };
  };
  const one = manifest('one');

  test('are pushed by digest, then by tag, which is read back', async () => {
    const writer = open();
    expect(await writer.pushManifest(one)).toEqual({ isListed: true });
    expect([...server.manifests.keys()]).toEqual([`team/os@${one.digest}`]);
    expect(await writer.tag(one, 'v1')).toBeUndefined();
    expect(server.manifests.get('team/os:v1')?.bytes.equals(one.bytes)).toBe(true);
    const before = server.seen.length;
    expect(await writer.tag(one, 'v1')).toBeUndefined();
    expect(server.seen.slice(before).filter((line) => line.startsWith('PUT'))).toEqual([]);
    expect(await writer.tag(manifest('two'), 'v1')).toBe(one.digest);
  });

  test('a wrong digest is detected, in the response and in the stored manifest', async () => {
    server.lie = OTHER;
    await expect(open().pushManifest(one)).rejects.toMatchObject({ kind: 'verification' });
    server.lie = undefined;
    server.treat = ({ method }) => {
      const other = manifest('another');
      if (method === 'PUT') server.manifests.set('team/os:v1', { bytes: other.bytes, type: MEDIA.manifest });
      return method === 'PUT' ? { status: 201 } : undefined;
    };
    await expect(open().tag(one, 'v1')).rejects.toMatchObject({ kind: 'verification' });
  });

  test('are added to the referrers tag without the referrers API, and other entries are kept', async () => {
    server.knowsReferrers = false;
    const writer = open();
    expect(await writer.pushManifest(one)).toEqual({ isListed: false });
    const entry = (name: string) => ({
      mediaType: MEDIA.manifest,
      digest: digestOf(Buffer.from(name)),
      size: 1,
    });
    const foreign = { ...entry('foreign'), data: 'e30=', urls: ['https://example.org'] };
    const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [foreign], annotations: { a: 'b' } };
    const tag = `team/os:${referrersTag(OTHER)}`;
    server.manifests.set(tag, { bytes: Buffer.from(JSON.stringify(index)), type: MEDIA.index });
    await writer.addReferrers(OTHER, [entry('a'), entry('b')]);
    const now = () => JSON.parse(String(server.manifests.get(tag)?.bytes));
    expect(now()).toEqual({ ...index, manifests: [foreign, entry('a'), entry('b')] });
    const before = server.seen.length;
    await writer.addReferrers(OTHER, [entry('b')]);
    expect(server.seen.slice(before)).toEqual([`GET /v2/team/os/manifests/${referrersTag(OTHER)}`]);

    expect(now().manifests).toHaveLength(3);
  });

  const listing = (...entries: object[]) => ({
    bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.index, manifests: entries })),
    type: MEDIA.index,
  });
  const entryOf = (name: string) => ({
    mediaType: MEDIA.manifest,
    digest: digestOf(Buffer.from(name)),
    size: 1,
  });

  test.each([
    ['at once', 0],
    ['after it was read back', 1],
  ])('another program overwrites the referrers %s: the entry is added again', async (_, readsBefore) => {
    server.knowsReferrers = false;
    const tag = `team/os:${referrersTag(OTHER)}`;
    let reads = -1;
    const overwritten = () => listing(entryOf('foreign'));
    server.manifests.set(tag, overwritten());
    let isDone = false;
    server.treat = ({ method, path }) => {
      if (isDone || !path.endsWith(referrersTag(OTHER))) return undefined;
      if (method === 'PUT') reads = 0;
      else if (reads >= 0 && reads++ === readsBefore) {
        isDone = true;
        server.manifests.set(tag, overwritten());
      }
      return undefined;
    };
    expect(await open().addReferrers(OTHER, [entryOf('c')])).toBe(true);
    expect(isDone).toBe(true);
    expect(JSON.parse(String(server.manifests.get(tag)?.bytes)).manifests).toEqual([
      entryOf('foreign'),
      entryOf('c'),
    ]);
  });

  test('several writers add referrers at the same time, and all of them are listed', async () => {
    server.knowsReferrers = false;
    const names = ['a', 'b', 'c', 'd'];
    // The pauses must be longer than a request and its answer, and are shorter than real ones.
    const pausing = { ...host, sleep: (milliseconds: number) => sleep(milliseconds / 4) };
    const reference = parseImageReference(`${server.address}/team/os`);
    const writers = names.map(() => openRegistryWriter(pausing, reference));
    await Promise.all(writers.map((writer, at) => writer.addReferrers(OTHER, [entryOf(names[at] ?? '')])));
    const { manifests } = JSON.parse(
      String(server.manifests.get(`team/os:${referrersTag(OTHER)}`)?.bytes),
    ) as { manifests: { digest: string }[] };
    expect(manifests.map(({ digest: each }) => each).sort()).toEqual(
      names.map((name) => entryOf(name).digest).sort(),
    );
  });
});
