import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { checkHoles, holesLimit } from '../../../../../src/factory/inputs/base/check-holes.ts';
import { testImage, testIndex, testLayout } from '../../../common/oci/layers/support/test-image.ts';
import { type TestMember, tarBytes } from '../../../support/tar-bytes.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

/** A member of a few bytes that becomes a file of `size` bytes. */
const sparse = (name: string, size: number): TestMember => ({
  name,
  content: 'abc',
  pax: { 'GNU.sparse.size': String(size), 'GNU.sparse.map': '0,3' },
});

/** An OCI layout as a directory. */
function layout(...layers: (readonly TestMember[])[]): { kind: 'oci'; path: string; tag: undefined } {
  const image = testImage(layers);
  const files = testLayout(testIndex({ 'linux/amd64': image }), [image]);
  const path = plant(
    temporaryDirectory(),
    Object.fromEntries(files.map(({ name, content = '' }) => [name, content])),
  );
  return { kind: 'oci', path, tag: undefined };
}

/** An archive of `docker save`, compressed. */
function archive(members: readonly TestMember[]): { kind: 'docker-archive'; path: string } {
  const bytes = tarBytes([
    { name: 'layer.tar', content: tarBytes(members) },
    {
      name: 'config.json',
      content:
        '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000000"]}}',
    },
    { name: 'manifest.json', content: '[{"Config":"config.json","Layers":["layer.tar"]}]' },
  ]);
  const root = plant(temporaryDirectory(), { 'image.tar.gz': gzipSync(bytes) });
  return { kind: 'docker-archive', path: join(root, 'image.tar.gz') };
}

const TERABYTES = 9_000_000_000_000;
const refusal = { code: 'IMAGE_CORRUPT', message: expect.stringContaining('holes in its sparse files') };

test.each([
  ['a layout', () => layout([{ name: 'a' }], [sparse('bomb', TERABYTES)])],
  ['an archive', () => archive([sparse('bomb', TERABYTES)])],
])('%s of a few KiB that becomes terabytes is refused, and leaves nothing', async (_, make) => {
  const file = make();
  const scratch = temporaryDirectory();
  await expect(checkHoles(file, { arch: 'amd64', scratch })).rejects.toMatchObject(refusal);
  expect(readdirSync(scratch)).toEqual([]);
});

test('all layers count together', async () => {
  const file = layout([sparse('a', 600)], [sparse('b', 600)]);
  const options = { arch: 'amd64', scratch: temporaryDirectory() };
  await expect(checkHoles(file, { ...options, limit: 1000 })).rejects.toMatchObject(refusal);
  await checkHoles(file, { ...options, limit: 2000 });
});

test('the limit is never more than the space on the disk', async () => {
  const limit = await holesLimit(temporaryDirectory());
  expect(limit).toBeGreaterThan(0);
  expect(limit).toBeLessThanOrEqual(64 * 1024 ** 3);
});
