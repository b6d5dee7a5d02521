import { describe, expect, test } from 'vitest';
import { formatSource, parseSource } from '../../../../../src/common/oci/layers/source.ts';
import {
  formatImageReference,
  parseImageReference,
} from '../../../../../src/common/oci/registry/image-reference.ts';

const DIGEST = `sha256:${'a1'.repeat(32)}`;

describe('references', () => {
  test.each([
    ['alpine', 'docker.io/library/alpine:latest'],
    ['alpine:3.22', 'docker.io/library/alpine:3.22'],
    ['kairos/os', 'docker.io/kairos/os:latest'],
    ['index.docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['quay.io/kairos/ubuntu:24.04-core', 'quay.io/kairos/ubuntu:24.04-core'],
    ['localhost/x', 'localhost/x:latest'],
    ['localhost:5000/x', 'localhost:5000/x:latest'],
    ['localhost:5000/a/b/c:v1', 'localhost:5000/a/b/c:v1'],
    ['[::1]:5000/x:v1', '[::1]:5000/x:v1'],
    ['[2001:db8::1]/x', '[2001:db8::1]/x:latest'],
    [`ghcr.io/a/b@${DIGEST}`, `ghcr.io/a/b@${DIGEST}`],
    [`ghcr.io/a/b:v1@${DIGEST}`, `ghcr.io/a/b:v1@${DIGEST}`],
  ])('%s is %s', (text, full) => {
    expect(formatImageReference(parseImageReference(text))).toBe(full);
    expect(formatImageReference(parseImageReference(full))).toBe(full);
  });

  test.each([
    '',
    'Alpine',
    'quay.io/',
    'quay.io//x',
    'quay.io/x:',
    'quay.io/x:a b',
    'quay.io/x@sha256:12',
    'quay.io/x@md5:12',
    'quay.io/../x',
    'quay.io/x?y=z',
    'a@b.c/x',
    `quay.io/${'x'.repeat(300)}`,
  ])('"%s" is refused', (text) => {
    expect(() => parseImageReference(text)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });
});

describe('sources', () => {
  test.each([
    ['oci:quay.io/x:1', 'oci:quay.io/x:1'],
    ['oci://quay.io/x:1', 'oci:quay.io/x:1'],
    ['docker:quay.io/x', 'oci:quay.io/x:latest'],
    ['docker://alpine', 'oci:docker.io/library/alpine:latest'],
    ['quay.io/x', 'oci:quay.io/x:latest'],
    ['localhost:5000/x', 'oci:localhost:5000/x:latest'],
    ['dir:/', 'dir:/'],
    ['dir:/run/rootfsbase/', 'dir:/run/rootfsbase'],
    ['dir:///srv/os', 'dir:/srv/os'],
    ['file:/run/x.img', 'file:/run/x.img'],
    ['ocifile:///run/x.tar', 'ocifile:/run/x.tar'],
  ])('%s is %s', (text, full) => {
    expect(formatSource(parseSource(text))).toBe(full);
    expect(formatSource(parseSource(full))).toBe(full);
  });

  test.each(['', '/srv/os', './os', 'dir:', 'dir:os', 'file:x.img', 'oci:', 'http://x/y'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseSource(text)).toThrow(expect.objectContaining({ kind: 'usage' }));
    },
  );
});
