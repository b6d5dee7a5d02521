import { describe, expect, test } from 'vitest';
import {
  contentOf,
  parseRecord,
  partsOf,
  RESULT_MEDIA,
  resultManifest,
  resultTag,
} from '../../../../src/factory/sharing/result-record.ts';

const KEY = 'ab'.repeat(32);
const blob = (letter: string) => ({ digest: `sha256:${letter.repeat(64)}`, size: 3 });
const record = {
  version: 1,
  step: 'squashfs',
  key: KEY,
  digest: KEY,
  facts: {},
  files: { squashfs: 'rootfs.squashfs' },
  content: blob('a'),
} as const;
const parse = (change: object) =>
  parseRecord(Buffer.from(JSON.stringify({ ...record, ...change })), { step: 'squashfs', key: KEY });

describe('the record of a shared result', () => {
  test('has a tag that a registry accepts, one for each step and key', () => {
    const tags = ['artifact:iso', 'artifact-iso2', 'squashfs'].map((step) => resultTag(step, KEY));
    for (const tag of tags) expect(tag).toMatch(/^\w[\w.-]{0,127}$/);
    expect(new Set(tags).size).toBe(3);
  });

  test('is for one step and one key', () => {
    expect(parse({})).toEqual(record);
    expect(() => parse({ step: 'image' })).toThrow('is the result of another step');
    expect(() => parse({ key: 'cd'.repeat(32) })).toThrow('is the result of another step');
  });

  test.each([
    { version: 2 },
    { files: { squashfs: '../../escape' } },
    { files: { squashfs: '/etc/passwd' } },
    { content: { digest: 'sha256:short', size: 1 } },
    { image: { arch: 'amd64', index: '{}', blobs: [] } },
  ])('is refused with %j', (change) => {
    expect(() => parse(change)).toThrow('is not a result of this version');
  });

  test('leads from the manifest to itself and its signature; the registry keeps all of its content', () => {
    const image = { arch: 'amd64', index: '{}', blobs: [blob('b'), blob('c')] };
    const content = contentOf({ ...record, image });
    const bytes = resultManifest(blob('d'), { bundle: blob('e'), content });
    expect(partsOf(bytes)).toMatchObject({ record: blob('d'), bundle: blob('e') });
    const { layers, artifactType } = JSON.parse(Buffer.from(bytes).toString()) as {
      layers: { digest: string }[];
      artifactType: string;
    };
    expect(layers.map(({ digest }) => digest)).toEqual([blob('e'), ...content].map(({ digest }) => digest));
    expect(artifactType).toBe(RESULT_MEDIA.artifact);
    expect(() => partsOf(Buffer.from('{"layers":[]}'))).toThrow('is not a shared result');
  });
});
