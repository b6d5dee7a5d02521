import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatReference, parseReference } from '../../../src/base/reference.ts';
import { failureOf } from '../../support/failure.ts';

test.each([
  ['bootstrap:', { kind: 'bootstrap', release: undefined }],
  ['bootstrap:trixie', { kind: 'bootstrap', release: 'trixie' }],
  ['oci:dir', { kind: 'oci', path: '/w/dir', tag: undefined }],
  ['oci:/a/dir:v1.2', { kind: 'oci', path: '/a/dir', tag: 'v1.2' }],
  ['docker-archive:x.tar', { kind: 'docker-archive', path: '/w/x.tar' }],
  ['dir:../r', { kind: 'dir', path: '/r' }],
  ['root.tar.zst', { kind: 'tar', path: '/w/root.tar.zst' }],
  ['./a.tgz', { kind: 'tar', path: '/w/a.tgz' }],
])('%s', (text, reference) => {
  expect(parseReference(text, '/w')).toEqual(reference);
});

test.each(['ubuntu', 'oci:', 'dir:', 'dokcer-archive:x', 'x.zip'])(
  '%s is refused with a remedy',
  async (text) => {
    expect((await failureOf(() => parseReference(text, '/w'), 'usage')).remedy).toMatch(
      /Use one of: bootstrap/,
    );
  },
);

test('what is written of a reference reads as the same reference', () => {
  const name = fc.stringMatching(/^[\w.-]{1,20}$/);
  const kind = fc.constantFrom('bootstrap', 'oci', 'docker-archive', 'dir', 'tar');
  fc.assert(
    fc.property(kind, name, (scheme, path) => {
      const first = parseReference(`${scheme}:${path}`, '/w');
      expect(parseReference(formatReference(first), '/elsewhere')).toEqual(first);
    }),
  );
});
