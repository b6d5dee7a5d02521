import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createNodeFetch } from '../../../../../src/common/http/node-fetch.ts';
import { downloadBlobs } from '../../../../../src/common/oci/registry/blob-store.ts';
import {
  type Client,
  NODE_CLIENT,
  PERSON_CLIENT,
  PUSHING_CLIENT,
} from '../../../../../src/common/oci/registry/client.ts';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../../../src/common/oci/registry/platform.ts';
import { openRegistry } from '../../../../../src/common/oci/registry/registry.ts';
import { openRegistryWriter } from '../../../../../src/common/oci/registry/registry-writer.ts';
import { pushImages } from '../../../../../src/factory/deliver/publish/push-images.ts';
import { parsePushTarget } from '../../../../../src/factory/deliver/publish/push-target.ts';
import type { Habit } from '../../../../support/registry-habits/habit.ts';
import { HABITS } from '../../../../support/registry-habits/habits.ts';
import { type WritableRegistry, writableRegistry } from '../../../../support/writable-registry.ts';
import { type TestHost, testHost } from '../../../agent/support/test-host.ts';
import { imageToPush, NOTE } from './support/image-to-push.ts';

// Real connections are slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Bytes of a chunk: large layers have three. */
const CHUNK = 128 * 1024;
const LARGE = Buffer.concat(
  Array.from({ length: (2.5 * CHUNK) / 32 }, (_, at) => createHash('sha256').update(`${at}`).digest()),
);
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

/** Pushes an index of two images, one of them with an accompanying file, under two tags. */
async function push({ mounts = false }: Pick<Habit, 'mounts'>, notices: string[] = []) {
  const target = parsePushTarget(`${server.address}/team/os:v1`, ['v2']);
  const repository = { ...target.repository, tag: undefined, digest: undefined };
  const writer = openRegistryWriter(host, repository, {
    client: PUSHING_CLIENT,
    chunk: CHUNK,
    ...(mounts ? { mountFrom: 'team/base' } : {}),
  });
  const wanted = [imageToPush('amd64', [Buffer.from('small'), LARGE]), imageToPush('arm64', [LARGE])];
  for (const { image, blobs } of wanted) {
    for (const blob of blobs) await writer.pushBlob(blob);
    await writer.pushManifest(image.manifest);
  }
  const images = wanted.map(({ image }) => image);
  return pushImages(writer, { target, images, isIndex: true }, { notice: (text) => notices.push(text) });
}

/** Pulls the image for amd64, as a client does. */
async function pull(client: Client) {
  const registry = openRegistry(host, parseImageReference(`${server.address}/team/os:v2`), { client });
  const { manifest, digest } = await registry.resolveManifest(parsePlatform('amd64'));
  const directory = `/layers-${client.id}`;
  const files = await downloadBlobs(host, registry, { blobs: manifest.layers, directory });
  const tags = await registry.listTags();
  const referrers = await registry.getReferrers(digest);
  return { layers: files.map((file) => readFileSync(file)), tags, referrers };
}

describe.each(HABITS)('a registry that $habit', ({ set, ...habit }) => {
  beforeEach(() => set(server));

  test('is pushed to', async () => {
    const { pushFails, listsReferrers = true } = habit;
    const notices: string[] = [];
    const pushing = push(habit, notices);
    if (pushFails !== undefined) {
      const { code, message, remedy } = pushFails;
      await expect(pushing).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      });
      return;
    }
    const { digest } = await pushing;
    const stored = (name: string) => server.manifests.get(`team/os${name}`)?.bytes;
    expect(stored(':v1')).toEqual(stored(`@${digest}`));
    expect(stored(':v2')).toEqual(stored(`@${digest}`));
    expect(server.blobs.get(`team/os@${blobDigest(LARGE)}`)?.equals(LARGE)).toBe(true);
    expect(notices.filter((text) => text.includes('list of referrers'))).toHaveLength(listsReferrers ? 0 : 2);
  });

  test.each([NODE_CLIENT, PERSON_CLIENT])('is pulled from by $id', async (client) => {
    const { pushFails, pullFails, listsReferrers = true } = habit;
    if (pushFails === undefined) await push(habit);
    const pulling = pull(client);
    if (pullFails !== undefined) {
      const { code, message, remedy } = pullFails;
      await expect(pulling).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      });
      return;
    }
    const { layers, tags, referrers } = await pulling;
    expect(layers).toEqual([Buffer.from('small'), LARGE]);
    expect(tags).toEqual(expect.arrayContaining(['v1', 'v2']));
    expect(referrers.map(({ artifactType }) => artifactType)).toEqual(listsReferrers ? [NOTE] : []);
  });
});

function blobDigest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
