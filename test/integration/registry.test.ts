import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sourceSize } from '../../src/common/oci/layers/deploy-source.ts';
import { parseSource } from '../../src/common/oci/layers/source.ts';
import { unpackImage } from '../../src/common/oci/layers/unpack-image.ts';
import { downloadBlobs } from '../../src/common/oci/registry/blob-store.ts';
import { parseImageReference } from '../../src/common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../src/common/oci/registry/platform.ts';
import { openRegistry } from '../../src/common/oci/registry/registry.ts';
import { freePort } from '../../src/factory/boot/forward.ts';
import { type TestHost, testHost } from '../unit/agent/support/test-host.ts';
import {
  sha256,
  type TestImage,
  testImage,
  testIndex,
} from '../unit/common/oci/layers/support/test-image.ts';
import { realFetch } from '../unit/common/oci/layers/support/test-registry.ts';

/** Debian's package docker-registry, and its example configuration. */
const PROGRAM = '/usr/bin/docker-registry';
const image = testImage(
  [
    [
      { name: 'etc', type: 'directory' },
      { name: 'etc/hostname', content: 'old' },
    ],
    [{ name: 'etc/hostname', content: 'node' }],
  ],
  { labels: { 'io.kairos.size': '4' } },
);

describe('the registry of Debian', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kairos-registry-'));
  let registry: ChildProcess;
  let address: string;
  let host: TestHost;

  beforeAll(async () => {
    address = `127.0.0.1:${await freePort()}`;
    const config = join(directory, 'config.yml');
    writeFileSync(
      config,
      `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${directory}/data}}\nhttp: {addr: "${address}"}\n`,
    );
    registry = spawn(PROGRAM, ['serve', config], { stdio: 'ignore' });
    await answering(address);
    await push('v1', image);
    const index = testIndex({ 'linux/arm64': image, 'linux/amd64': image });
    await put(`manifests/multi`, index, 'application/vnd.oci.image.index.v1+json');
    host = await testHost({ fetch: realFetch });
  });
  afterAll(async () => {
    registry.kill();
    await host[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  async function put(path: string, body: Buffer, type: string): Promise<void> {
    const headers = { 'content-type': type };
    const response = await fetch(`http://${address}/v2/team/os/${path}`, { method: 'PUT', headers, body });
    expect(response.status, await response.text()).toBe(201);
  }

  async function push(tag: string, { blobs, manifest }: TestImage): Promise<void> {
    for (const [digest, body] of blobs) {
      const begun = await fetch(`http://${address}/v2/team/os/blobs/uploads/`, { method: 'POST' });
      const place = new URL(begun.headers.get('location') ?? '', `http://${address}`);
      place.searchParams.set('digest', digest);
      const response = await fetch(place, { method: 'PUT', body });
      expect(response.status).toBe(201);
    }
    await put(`manifests/${tag}`, manifest, 'application/vnd.oci.image.manifest.v1+json');
  }

  test.each(['v1', 'multi', `v1@${image.digest}`])('unpacks an image by %s', async (tag) => {
    const target = `/${tag.replace(/\W/g, '-')}`;
    const found = await unpackImage(host, `oci:${address}/team/os:${tag}`, { target });
    expect(found.digest).toBe(image.digest);
    expect(await host.readText(`${target}/etc/hostname`)).toBe('node');
  });

  test('reports the size of an image', async () => {
    expect(await sourceSize(host, parseSource(`oci:${address}/team/os:multi`))).toMatchObject({
      bytes: 4,
      exact: true,
    });
  });

  test('resumes the download of a blob', async () => {
    const repository = openRegistry(host, parseImageReference(`${address}/team/os:v1`));
    const { manifest } = await repository.resolveManifest(parsePlatform('amd64'));
    const [layer] = manifest.layers;
    if (layer === undefined) throw new Error('no layer');
    const { offset, body } = await repository.getBlob(layer.digest, 10);
    expect(offset).toBe(10);
    const rest: Uint8Array[] = [];
    for await (const chunk of body) rest.push(chunk);
    const bytes = image.blobs.get(layer.digest) ?? Buffer.alloc(0);
    expect(Buffer.concat(rest).equals(bytes.subarray(10))).toBe(true);
    await host.write(`/staging/${layer.digest.replace(':', '-')}.partial`, bytes.subarray(0, 10));
    await downloadBlobs(host, repository, { blobs: [layer], directory: '/staging' });
  });

  test('lists tags page by page, and reports a missing repository', async () => {
    const repository = openRegistry(host, parseImageReference(`${address}/team/os`));
    expect((await repository.listTags()).sort()).toEqual(['multi', 'v1']);
    expect(await repository.getReferrers(image.digest)).toEqual([]);
    await expect(repository.resolveManifest(parsePlatform('amd64'))).rejects.toThrow('HTTP 404');
    await expect(repository.getBlobBytes(sha256(Buffer.from('no')), 10)).rejects.toThrow('HTTP 404');
  });
});

async function answering(address: string): Promise<void> {
  for (let count = 0; count < 100; count++) {
    const response = await fetch(`http://${address}/v2/`).catch(() => undefined);
    if (response?.ok) return;
    await sleep(100);
  }
  throw new Error(`the registry at ${address} does not answer`);
}
