import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { digestOf } from '../../../../../src/common/files/digest.ts';
import { readBuildOutput } from '../../../../../src/factory/deliver/publish/build-output.ts';
import { readLayoutImage } from '../../../../../src/factory/deliver/publish/layout-image.ts';
import { parsePushSource } from '../../../../../src/factory/deliver/publish/push-source.ts';
import { writeOciLayout } from '../../../../../src/factory/inputs/base/oci-layout.ts';

// The tests write real files, which is slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let home: string;
let layout: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'kairos-push-'));
  layout = join(home, 'os.oci');
  await mkdir(layout);
  await writeOciLayout(layout, { arch: 'arm64', epoch: 1, tag: 'v1' }, async (output) => {
    output.end('x');
  });
});
afterEach(() => rm(home, { recursive: true, force: true }));

const hex = (bytes: Uint8Array) => digestOf(bytes).slice('sha256:'.length);

/** Turns the layout's parent directory into the output directory of a build. */
async function folder(change: (sums: string) => string = (sums) => sums) {
  const index = hex(await readFile(join(layout, 'index.json')));
  await writeFile(join(home, 'os.iso'), 'iso');
  const iso = hex(Buffer.from('iso'));
  await writeFile(join(home, 'os.spdx.json'), '{}');
  const spdx = hex(Buffer.from('{}'));
  await writeFile(
    join(home, 'SHA256SUMS'),
    change(`${iso}  os.iso\n${index}  os.oci/index.json\n${spdx}  os.spdx.json\n`),
  );
  const documents = [{ kind: 'spdx', file: 'os.spdx.json', size: 2, sha256: spdx }];
  const artifacts = [
    { kind: 'iso', file: 'os.iso', size: 3, sha256: iso },
    { kind: 'oci', file: 'os.oci/index.json', size: 1, sha256: index },
  ];
  const manifest = { schema: 1, release: { KAIROS_VERSION: 'v1' }, sourceDateEpoch: 7, artifacts, documents };
  await writeFile(join(home, 'manifest.json'), JSON.stringify(manifest));
  return readBuildOutput(home);
}

describe('an output directory', () => {
  test('is read with signatures and checksums', async () => {
    await writeFile(join(home, 'os.iso.sigstore.json'), '{}');
    const { files, ...rest } = await folder();
    const documents = [{ kind: 'spdx', path: join(home, 'os.spdx.json') }];
    expect(rest).toEqual({ directory: home, layout, documents, version: 'v1', epoch: 7 });
    expect(files.map(({ name, size }) => [name, size])).toEqual([
      ['SHA256SUMS', expect.any(Number)],
      ['manifest.json', expect.any(Number)],
      ['os.iso', 3],
      ['os.iso.sigstore.json', 2],
      ['os.spdx.json', 2],
    ]);
  });

  const otherSum = (sums: string) => sums.replace(/^./, (one) => (one === '0' ? '1' : '0'));
  const noFile = (name: string) => (sums: string) => `${sums}${'0'.repeat(64)}  ${name}\n`;
  test.each([
    ['a different checksum of the ISO', otherSum, 'agree'],
    ['a name outside the directory', noFile('../secret'), 'has an invalid line'],
    ['a file that does not exist', noFile('os.raw'), 'os.raw is missing'],
  ])('with %s is refused', async (_, change, problem) => {
    await expect(folder(change)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining(problem),
    });
  });

  test('with a changed layout is refused', async () => {
    await folder();
    await writeFile(join(layout, 'index.json'), '{"schemaVersion":2,"manifests":[]}');
    await expect(readBuildOutput(home)).rejects.toMatchObject({ kind: 'verification' });
  });

  test('with a changed SBOM is refused, because it would become a signed attestation', async () => {
    await folder();
    await writeFile(join(home, 'os.spdx.json'), '{"other":1}');
    await expect(readBuildOutput(home)).rejects.toMatchObject({ kind: 'verification' });
  });

  test('without the files of a build is refused', async () => {
    await expect(readBuildOutput(home)).rejects.toMatchObject({ kind: 'usage' });
  });
});

describe('a layout', () => {
  test('is read through its manifest', async () => {
    const image = await readLayoutImage(layout);
    expect(image).toMatchObject({ name: 'v1', platform: { architecture: 'arm64', variant: 'v8' } });
    expect(image.blobs).toHaveLength(2);
    expect((await readLayoutImage(layout, 'v1')).digest).toBe(image.digest);
    await expect(readLayoutImage(layout, 'v2')).rejects.toMatchObject({ kind: 'usage', details: ['v1'] });
  });

  test('with indexes in indexes is read, but not without end', async () => {
    /** Makes the index of the layout the content of a blob, which a new one lists. */
    const wrap = async () => {
      const bytes = await readFile(join(layout, 'index.json'));
      await writeFile(join(layout, 'blobs/sha256', hex(bytes)), bytes);
      const mediaType = 'application/vnd.oci.image.index.v1+json';
      const manifests = [{ mediaType, digest: digestOf(bytes), size: bytes.length }];
      await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    };
    await wrap();
    const image = await readLayoutImage(layout);
    expect(image).toMatchObject({ blobs: [], platform: undefined, children: [{ children: [] }] });
    for (let depth = 0; depth < 3; depth += 1) await wrap();
    await expect(readLayoutImage(layout)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('nested too deeply'),
    });
  });

  test('with a missing or changed blob is refused', async () => {
    const blobs = join(layout, 'blobs/sha256');
    for (const name of await readdir(blobs)) {
      const file = join(blobs, name);
      const content = await readFile(file);
      await truncate(file, content.length - 1);
      await expect(readLayoutImage(layout)).rejects.toMatchObject({ kind: 'verification' });
      await rm(file);
      await expect(readLayoutImage(layout)).rejects.toMatchObject({ kind: 'verification' });
      await writeFile(file, content);
    }
    await readLayoutImage(layout);
  });
});

test('parses sources by their form and by existing files', async () => {
  const parse = (text: string) => parsePushSource(text, [], home);
  expect(parse('os.oci')).toEqual({ kind: 'layout', path: layout, name: undefined });
  expect(parse('oci:os.oci:v1')).toEqual({ kind: 'layout', path: layout, name: 'v1' });
  expect(parse(`a.example/os@sha256:${'a'.repeat(64)}`)).toMatchObject({ kind: 'pushed' });
  expect(parse('docker-daemon:os:v1')).toMatchObject({ kind: 'held' });
  expect(() => parse('.')).toThrow('neither');
  expect(() => parse('build')).toThrow('build does not exist');
  expect(() => parse('a.example/os')).toThrow('does not exist');
  await folder();
  expect(parse('.')).toEqual({ kind: 'folder', path: home, artifacts: [] });
});
