import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  describeContents,
  sideOf,
  singleFile,
  systemOf,
} from '../../../../../src/factory/inspect/diff/side.ts';
import type { Subject } from '../../../../../src/factory/inspect/diff/subject.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const output = (...ids: string[]): Subject => ({
  name: 'build',
  kind: 'output',
  path: '/build',
  entries: ids.map((id) => ({ id, file: `/build/os.${id}` })),
});

describe('the system of an output directory', () => {
  test.each([
    [['qcow2', 'iso', 'oci'], { kind: 'image', reference: { kind: 'oci', path: '/build/os.oci' } }],
    [['qcow2', 'raw', 'squashfs'], { kind: 'squashfs', path: '/build/os.squashfs' }],
    [['manifest.json', 'qcow2'], { kind: 'qcow2', path: '/build/os.qcow2' }],
  ])('with %j is its OS image, in the form that says most', (ids, system) => {
    expect(systemOf(output(...ids))).toMatchObject({ name: 'build', ...system });
  });

  test('without an artifact, and of anything else, is the subject itself', () => {
    const file: Subject = { name: 'os.iso', kind: 'iso', path: '/os.iso' };
    for (const subject of [output('manifest.json'), file]) expect(systemOf(subject)).toBe(subject);
  });
});

test('only a file has a path and a size of its own', async () => {
  const path = join(plant(temporaryDirectory(), { 'os.raw': 'four' }), 'os.raw');
  expect(await sideOf({ name: 'os.raw', kind: 'raw', path })).toEqual({
    name: 'os.raw',
    kind: 'raw',
    size: 4,
  });
  const root: Subject = { name: 'root', kind: 'root', path: '/root', isTar: false };
  expect(singleFile(root)).toBeUndefined();
  expect(await sideOf(root)).toEqual({ name: 'root', kind: 'root' });
});

test('what is unknown of opened contents is left out', () => {
  expect(describeContents({ digest: 'sha256:a' } as never, 3)).toEqual({ digest: 'sha256:a', size: 3 });
  expect(describeContents({} as never, 0)).toEqual({});
});
