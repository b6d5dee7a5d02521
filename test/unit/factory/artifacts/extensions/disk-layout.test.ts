import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXTENSION_ARCHES } from '../../../../../src/factory/artifacts/extensions/architectures.ts';
import {
  extensionLayout,
  GRAIN,
  hashStart,
} from '../../../../../src/factory/artifacts/extensions/disk-layout.ts';
import { VERITY_BLOCK, verityTreeSize } from '../../../../../src/factory/tools/veritysetup.ts';

const HASH = '00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef';

test('the GUIDs of filesystem and hash tree are the halves of the root hash', () => {
  const parts = { dataSize: 4096, hashSize: 4096, rootHash: HASH, isSigned: false, arch: 'arm64' } as const;
  const { partitions } = extensionLayout(parts);
  expect(partitions.map(({ guid, name }) => [name, guid])).toEqual([
    ['root-arm64', '00112233-4455-6677-8899-aabbccddeeff'],
    ['root-arm64-verity', '01234567-89ab-cdef-0123-456789abcdef'],
  ]);
});

// The "Hash blocks" that "veritysetup format" prints, plus the block of the superblock.
test.each([
  [1, 1],
  [2, 2],
  [128, 2],
  [129, 4],
  [146, 4],
  [16384, 130],
  [16385, 133],
])('the hashes of %i blocks take %i', (blocks, taken) => {
  expect(verityTreeSize(blocks * VERITY_BLOCK)).toBe(taken * VERITY_BLOCK);
});

test('partitions are aligned, do not overlap, and leave space for the tables', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.boolean(),
      fc.constantFrom(...EXTENSION_ARCHES),
      (blocks, isSigned, arch) => {
        const dataSize = blocks * VERITY_BLOCK;
        const hashSize = verityTreeSize(dataSize);
        const layout = extensionLayout({ arch, dataSize, hashSize, rootHash: HASH, isSigned });
        expect(layout.partitions).toHaveLength(isSigned ? 3 : 2);
        expect(layout.partitions[1]?.start).toBe(hashStart(dataSize));
        let end = 34 * 512;
        for (const { start, size } of layout.partitions) {
          expect(start % GRAIN).toBe(0);
          expect(start).toBeGreaterThanOrEqual(end);
          end = start + size;
        }
        expect(layout.size - end).toBeGreaterThanOrEqual(33 * 512);
      },
    ),
  );
});
