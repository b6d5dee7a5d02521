import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import { type LockRequest, lockImages } from '../../../../../src/factory/inputs/base/lock-images.ts';
import { readLock } from '../../../../../src/factory/inputs/lock/lock-file.ts';
import { createRunner } from '../../../../../src/factory/tools/runner.ts';
import { sha256, testImage, testIndex } from '../../../common/oci/layers/support/test-image.ts';
import { type TestRegistry, testRegistry } from '../../../common/oci/layers/support/test-registry.ts';
import { failureOf } from '../../../support/failure.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const image = (name: string, architecture = 'amd64') =>
  testImage([[{ name: 'etc/hostname', content: name }]], { architecture });
const [one, two, arm] = [image('one'), image('two'), image('arm', 'arm64')];
let server: TestRegistry;
let file: string;

beforeEach(async () => {
  file = join(temporaryDirectory(), 'kairos-factory.lock');
  server = await testRegistry();
  server.add('v1', one);
});
afterEach(() => server[Symbol.asyncDispose]());

const name = (tag: string) => `${server.address}/os:${tag}`;
const wanted = (tag: string, arch = 'amd64') => ({ image: parseImageReference(name(tag)), arch });
const warned: string[] = [];
const lock = (request: Partial<LockRequest>) => {
  const runner = createRunner({ signal: new AbortController().signal, log: () => undefined, env: {} });
  return lockImages(
    { runner, registries: [], env: {} },
    { file, wanted: [wanted('v1')], update: false, ...request },
    (text) => warned.push(text),
  );
};

test('locks missing images, keeps locked ones, drops those that are not wanted', async () => {
  expect(await lock({})).toEqual([{ reference: name('v1'), after: one.digest }]);
  const { length } = server.seen;
  server.add('v1', two);
  expect(await lock({})).toEqual([{ reference: name('v1'), before: one.digest, after: one.digest }]);
  expect(server.seen).toHaveLength(length);
  server.add('v2', two);
  expect(await lock({ wanted: [wanted('v2')] })).toEqual([
    { reference: name('v1'), before: one.digest },
    { reference: name('v2'), after: two.digest },
  ]);
  expect(Object.keys(readLock(file).images)).toEqual([name('v2')]);
});

test('updates every locked architecture from one index', async () => {
  server.add('arm', arm);
  const index = testIndex({ 'linux/amd64': one, 'linux/arm64': arm });
  server.addManifest('v1', index);
  await lock({ wanted: [wanted('v1'), wanted('v1', 'arm64')] });
  server.add('x', two);
  const newer = testIndex({ 'linux/amd64': two, 'linux/arm64': arm });
  server.addManifest('v1', newer);
  expect(await lock({ update: true })).toEqual([
    { reference: name('v1'), before: sha256(index), after: sha256(newer) },
  ]);
  expect(readLock(file).images[name('v1')]).toEqual({
    digest: sha256(newer),
    platforms: { 'linux/amd64': two.digest, 'linux/arm64': arm.digest },
  });
  const last = testIndex({ 'linux/amd64': one });
  server.addManifest('v1', last);
  await lock({ update: true });
  expect(Object.keys(readLock(file).images[name('v1')]?.platforms ?? {})).toEqual(['linux/amd64']);
  expect(warned.at(-1)).toMatch(/no longer locked for linux\/arm64/);
});

test('updates the locked images if none are requested', async () => {
  await lock({});
  server.add('v1', two);
  const unchanged = await lock({ wanted: undefined });
  expect(unchanged).toEqual([{ reference: name('v1'), before: one.digest, after: one.digest }]);
  const renewed = await lock({ wanted: undefined, update: true });
  expect(renewed).toEqual([{ reference: name('v1'), before: one.digest, after: two.digest }]);
});

test('leaves the lock unchanged when a registry fails', async () => {
  await lock({});
  const text = readFileSync(file, 'utf8');
  await failureOf(() => lock({ wanted: [wanted('v1'), wanted('none')], update: true }), 'step');
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('creates no lock file without images', async () => {
  expect(await lock({ wanted: [] })).toEqual([]);
  expect(existsSync(file)).toBe(false);
});
