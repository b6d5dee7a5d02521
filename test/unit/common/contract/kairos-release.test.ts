import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ImageIdentity,
  identityFrom,
  REQUIRED_RELEASE_KEYS,
  renderKairosRelease,
} from '../../../../src/common/contract/kairos-release.ts';
import { parseOsRelease } from '../../../../src/common/contract/os-release.ts';

const IDENTITY: ImageIdentity = {
  flavor: 'debian',
  flavorRelease: 'bookworm',
  family: 'debian',
  variant: 'core',
  arch: 'amd64',
  model: 'generic',
  version: 'v1.2.3',
};
const TOOL = 'kairos-factory v0.1.0';

describe('renderKairosRelease', () => {
  test('writes the keys of the contract', () => {
    expect(renderKairosRelease(IDENTITY, TOOL)).toMatchInlineSnapshot(`
      "KAIROS_ID="kairos"
      KAIROS_ID_LIKE="kairos-core-debian-bookworm"
      KAIROS_NAME="kairos-core-debian-bookworm"
      KAIROS_VERSION="v1.2.3"
      KAIROS_RELEASE="v1.2.3"
      KAIROS_ARCH="amd64"
      KAIROS_TARGETARCH="amd64"
      KAIROS_FLAVOR="debian"
      KAIROS_FLAVOR_RELEASE="bookworm"
      KAIROS_FAMILY="debian"
      KAIROS_MODEL="generic"
      KAIROS_VARIANT="core"
      KAIROS_FIPS="false"
      KAIROS_TRUSTED_BOOT="false"
      KAIROS_INIT_VERSION="kairos-factory v0.1.0"
      KAIROS_BUG_REPORT_URL="https://kairos.io/community"
      KAIROS_HOME_URL="https://kairos.io"
      "
    `);
  });

  test('quotes every value, because other tools expect the quotes', () => {
    const standard = { ...IDENTITY, software: { prefix: 'k3s', version: 'v1.34.1+k3s1' } };
    const lines = renderKairosRelease(standard, TOOL).split('\n');
    expect(lines.pop()).toBe('');
    for (const line of lines) expect(line).toMatch(/^KAIROS_[A-Z_]+="[^"]+"$/);
  });

  test('writes every required key', () => {
    const keys = [...parseOsRelease(renderKairosRelease(IDENTITY, TOOL)).keys()];
    expect(keys).toEqual(expect.arrayContaining([...REQUIRED_RELEASE_KEYS]));
  });
});

describe('identityFrom', () => {
  test('reads back any rendered identity', () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9.+_-]{0,12}$/);
    const identity = fc.record(
      {
        flavor: word,
        flavorRelease: word,
        family: word,
        variant: word,
        arch: word,
        model: word,
        version: word,
        software: fc.record({ prefix: word, version: word }),
      },
      { requiredKeys: ['flavor', 'flavorRelease', 'family', 'variant', 'arch', 'model', 'version'] },
    );
    fc.assert(
      fc.property(identity, (wanted) => {
        expect(identityFrom(parseOsRelease(renderKairosRelease(wanted as ImageIdentity, TOOL)))).toEqual(
          wanted,
        );
      }),
    );
  });

  test('returns "unknown" for missing keys, and omits the software', () => {
    expect(identityFrom(new Map([['KAIROS_FLAVOR', 'debian']]))).toEqual({
      flavor: 'debian',
      flavorRelease: 'unknown',
      family: 'unknown',
      variant: 'unknown',
      arch: 'unknown',
      model: 'unknown',
      version: 'unknown',
    });
  });

  test('omits software that has a version but no name', () => {
    expect(identityFrom(new Map([['KAIROS_SOFTWARE_VERSION', 'v1']]))).not.toHaveProperty('software');
  });
});
