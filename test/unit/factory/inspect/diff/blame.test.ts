import { expect, test } from 'vitest';
import { blame } from '../../../../../src/factory/inspect/diff/blame.ts';
import type { Difference } from '../../../../../src/factory/inspect/diff/compare.ts';
import type { TreeDifference } from '../../../../../src/factory/inspect/diff/compare-contents.ts';
import type { Side } from '../../../../../src/factory/inspect/diff/side.ts';

function differing(
  name: string,
  kind: Side['kind'],
  trees: Readonly<Record<string, readonly string[]>>,
  offset = 9,
): Difference {
  const side = { name: `/out/${name}`, kind };
  const changed = Object.entries(trees).map(
    ([tree, paths]): TreeDifference => ({
      tree,
      changes: paths.map((path) => ({ path, aspects: ['content'], offset: 4 })),
    }),
  );
  const none = { packages: [], config: [], artifacts: [], onlyInA: [], onlyInB: [] };
  return { a: side, b: side, isSame: false, firstByte: { offset }, trees: changed, ...none };
}
const output = (...artifacts: Difference[]): Difference => ({
  ...differing('', 'output', {}),
  artifacts,
});

test('a different image comes first, with the differing file in it', () => {
  const found = blame(
    output(
      differing('manifest.json', 'file', {}),
      differing('os.provenance.json', 'file', {}),
      differing('os.cdx.json', 'file', {}),
      differing('os.iso', 'iso', { iso: ['rootfs.squashfs'], rootfs: ['etc/x'] }),
      differing('os.squashfs', 'squashfs', { rootfs: ['etc/x', 'etc/y'] }),
    ),
  );
  const inside = { tree: 'rootfs', path: 'etc/x', offset: 4 };
  expect(found).toEqual([
    { file: 'os.iso', offset: 9, step: 'image', inside },
    { file: 'os.squashfs', offset: 9, step: 'image', inside },
    { file: 'os.cdx.json', offset: 9, step: 'sbom' },
    { file: 'os.provenance.json', offset: 9, step: 'provenance' },
    { file: 'manifest.json', offset: 9, step: 'release files' },
  ]);
});

test.each([
  ['iso', { iso: ['rootfs.squashfs'] }, 'squashfs'],
  ['iso', { iso: ['boot/initrd'] }, 'boot'],
  ['iso', { iso: ['boot/grub2/grub.cfg'] }, 'artifact:iso'],
  ['iso', { iso: ['config.yaml'] }, 'artifact:iso'],
  ['iso', {}, 'artifact:iso'],
  ['squashfs', {}, 'squashfs'],
  ['raw', { 'partition oem': ['90_custom.yaml'], 'partition state': ['cOS/active.img'] }, 'slot-image'],
  ['raw', { 'partition oem': ['90_custom.yaml'] }, 'artifact:raw'],
  ['raw', { 'partition efi': ['EFI/BOOT/shimx64.efi'] }, 'boot'],
  ['qcow2', {}, 'artifact:qcow2'],
  ['image', {}, 'artifact:oci'],
] as const)('%s with %j differs by the step %s', (kind, trees, step) => {
  expect(blame(output(differing('x', kind, trees))).map((found) => found.step)).toEqual([step]);
});
