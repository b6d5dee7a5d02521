import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uuidFromName, uuidFromSeed } from '../../../../src/common/contract/uuid.ts';

describe('uuidFromName', () => {
  // Every value that the contract lists (section 1.1).
  test.each([
    ['COS_GRUB', '81444e82-66b3-5ed2-961b-497665f12be2'],
    ['COS_OEM', '8bfa06f9-ca4f-56dc-90c9-49cf20f4f45e'],
    ['COS_RECOVERY', '768fbd69-b2a9-5eab-902c-db8745b4767c'],
    ['COS_STATE', '843bfe4e-83b2-5b42-ba6d-a47e3ba1262e'],
    ['COS_PERSISTENT', '85c39d0f-4867-5227-8334-f5eec606d9eb'],
    ['KAIROS_DISK', '2ceff841-4c1d-5a14-8e46-ed3aeb621093'],
  ])('%s has the UUID of the contract', (name, uuid) => {
    expect(uuidFromName(name)).toBe(uuid);
  });

  test('returns version 5 of the RFC 9562 variant for any name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(uuidFromName(name)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
  });
});

describe('uuidFromSeed', () => {
  test('returns version 8, the same only for the same seed', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 2 }), ([one = '', other = '']) => {
        expect(uuidFromSeed(one)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
        expect(uuidFromSeed(one)).toBe(uuidFromSeed(one));
        expect(uuidFromSeed(one)).not.toBe(uuidFromSeed(other));
      }),
    );
  });
});
