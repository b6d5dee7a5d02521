import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { artifactBaseName, imageTag } from '../../../../src/common/contract/artifact-names.ts';
import type { ImageIdentity } from '../../../../src/common/contract/kairos-release.ts';
import { identityProblem, isNamePart } from '../../../../src/common/contract/name-part.ts';

const IDENTITY: ImageIdentity = {
  flavor: 'debian',
  flavorRelease: 'bookworm',
  family: 'debian',
  variant: 'standard',
  arch: 'amd64',
  model: 'generic',
  version: 'v1.2.3',
  software: { prefix: 'k3s', version: 'v1.34.1+k3s1' },
};

describe('a part of a name', () => {
  test.each(['v1.2.3-rc.1+build.5', 'leap-15.6', '24.04', 'tumbleweed', '3.22_alpha20250108', '1~beta'])(
    'may be %s',
    (text) => expect(isNamePart(text)).toBe(true),
  );

  test.each([
    ['a path out of the directory', 'v1/../../../pwn'],
    ['a path', '/etc'],
    ['nothing', ''],
    ['a parent directory', '..'],
    ['a hidden file', '.bashrc'],
    ['an option', '-rf'],
    ['markup', '<img src=x onerror=alert(1)>'],
    ['a Markdown link', '[x](javascript:0)'],
    ['a command', '$(reboot)'],
    ['a quote', 'a"b'],
    ['a line', 'a\nb'],
    ['a NUL', 'a\0b'],
    ['a control character', '\x1b[2J'],
    ['another script', 'дебиан'],
    ['a character that turns the text around', 'a\u202eb'],
    ['300 characters', 'm'.repeat(300)],
  ])('may not be %s', (_, text) => {
    expect(isNamePart(text)).toBe(false);
    for (const key of ['flavor', 'flavorRelease', 'family', 'variant', 'arch', 'model', 'version'] as const) {
      const identity = { ...IDENTITY, [key]: text };
      expect(() => artifactBaseName(identity)).toThrow(
        expect.objectContaining({ code: 'IMAGE_NAME_REFUSED' }),
      );
      expect(() => imageTag(identity)).toThrow(expect.objectContaining({ code: 'IMAGE_NAME_REFUSED' }));
    }
    for (const key of ['prefix', 'version'] as const) {
      const identity = { ...IDENTITY, software: { prefix: 'k3s', version: 'v1', [key]: text } };
      expect(identityProblem(identity)).toContain(`the software ${key} `);
    }
  });
});

test('an identity whose parts are long together is refused', () => {
  const part = 'x'.repeat(40);
  expect(identityProblem({ ...IDENTITY, flavor: part, model: part, version: part })).toContain('characters');
});

test('names fit into a file name with every ending, and into a tag', () => {
  const part = fc.string({ minLength: 0, maxLength: 70, unit: fc.constantFrom(...'aZ9._~+-/ <') });
  const identity = fc.record({
    flavor: part,
    flavorRelease: part,
    family: part,
    variant: part,
    arch: part,
    model: part,
    version: part,
  });
  const words = fc.stringMatching(/^[a-z0-9]{1,17}$/);
  const small = fc.record({
    flavor: words,
    flavorRelease: words,
    family: words,
    variant: words,
    arch: words,
    model: words,
    version: words,
  });
  fc.assert(
    fc.property(fc.oneof(identity, small), (wanted) => {
      if (identityProblem(wanted) !== undefined) return;
      expect(artifactBaseName(wanted)).toMatch(/^kairos-[A-Za-z0-9._~+-]+$/);
      const unfinished = `.partial-4194304-18446744073709551615-${artifactBaseName(wanted)}`;
      expect(`${unfinished}.provenance.json.sigstore.json`.length).toBeLessThan(256);
      expect(imageTag(wanted)).toMatch(/^\w[\w.-]{0,127}$/);
    }),
  );
});
