import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import {
  type BaseReference,
  formatBaseReference,
  parseBaseReference,
} from '../../../../src/factory/config/base-reference.ts';
import { failureOf } from '../../support/failure.ts';

describe('parseBaseReference', () => {
  test.each<[string, BaseReference]>(
    [
      ['bootstrap:', { kind: 'bootstrap', release: undefined }],
      ['bootstrap:bookworm', { kind: 'bootstrap', release: 'bookworm' }],
      ['oci:layout', { kind: 'oci', path: '/home/me/layout', tag: undefined }],
      ['oci:/srv/layout:v1.2.3', { kind: 'oci', path: '/srv/layout', tag: 'v1.2.3' }],
      ['oci:../layout:latest', { kind: 'oci', path: '/home/layout', tag: 'latest' }],
      ['oci:a:b/layout', { kind: 'oci', path: '/home/me/a:b/layout', tag: undefined }],
      ['oci:a:b:tag', { kind: 'oci', path: '/home/me/a:b', tag: 'tag' }],
      ['docker-archive:image.tar', { kind: 'docker-archive', path: '/home/me/image.tar' }],
      ['docker-daemon:debian', { kind: 'docker-daemon', name: 'debian' }],
      [
        'docker-daemon:reg.example:5000/a/b:v1.2',
        { kind: 'docker-daemon', name: 'reg.example:5000/a/b:v1.2' },
      ],
      ['dir:root', { kind: 'dir', path: '/home/me/root' }],
      ['dir:.', { kind: 'dir', path: '/home/me' }],
      ['tar:root.whatever', { kind: 'tar', path: '/home/me/root.whatever' }],
      ['root.tar', { kind: 'tar', path: '/home/me/root.tar' }],
      ['./root.tar.gz', { kind: 'tar', path: '/home/me/root.tar.gz' }],
      ['../root.tgz', { kind: 'tar', path: '/home/root.tgz' }],
      ['/srv/root.tar.xz', { kind: 'tar', path: '/srv/root.tar.xz' }],
      ['root.txz', { kind: 'tar', path: '/home/me/root.txz' }],
      ['./a:b/root.tar.zst', { kind: 'tar', path: '/home/me/a:b/root.tar.zst' }],
    ].filter(([text]) => text !== 'a:b/root.tar.zst') as [string, BaseReference][],
  )('reads %s', (text, reference) => {
    expect(parseBaseReference(text, '/home/me')).toEqual(reference);
  });

  const digest = `sha256:${'0a'.repeat(32)}`;
  const hub = 'docker.io';
  test.each([
    ['ubuntu', hub, 'library/ubuntu', 'latest', undefined],
    ['ubuntu:24.04', hub, 'library/ubuntu', '24.04', undefined],
    ['docker:27', hub, 'library/docker', '27', undefined],
    ['team/os:v1', hub, 'team/os', 'v1', undefined],
    [`debian@${digest}`, hub, 'library/debian', undefined, digest],
    [`ghcr.io/x/y@${digest}`, 'ghcr.io', 'x/y', undefined, digest],
    [`ghcr.io/x/y:v1@${digest}`, 'ghcr.io', 'x/y', 'v1', digest],
    ['localhost:5000/x', 'localhost:5000', 'x', 'latest', undefined],
    ['localhost/x:1', 'localhost', 'x', '1', undefined],
    ['registry:2', hub, 'library/registry', '2', undefined],
    ['docker.io/debian:12', hub, 'library/debian', '12', undefined],
    ['docker://debian:12', hub, 'library/debian', '12', undefined],
    ['docker://[::1]:5000/a/b:c', '[::1]:5000', 'a/b', 'c', undefined],
    // After docker://, a name that looks like a file or a prefix is an image name.
    ['docker://tar:1', hub, 'library/tar', '1', undefined],
    ['docker://name.tar', hub, 'library/name.tar', 'latest', undefined],
  ])('reads %s', (text, registry, repository, tag, wanted) => {
    const image = { registry, repository, tag, digest: wanted };
    expect(parseBaseReference(text, '/home/me')).toEqual({ kind: 'docker', image });
  });

  test.each([
    ['', /its form is unknown/],
    ['/srv/root', /its form is unknown/],
    ['./no-such-root', /its form is unknown/],
    ['~/root', /its form is unknown/],
    ['root.zip', /its form is unknown/],
    ['oci:', /path after "oci:" is missing/],
    ['dir:', /path after "dir:" is missing/],
    ['docker-daemon:', /image name after "docker-daemon:" is missing/],
    ['docker-daemon:../containers', /"..\/containers" is not an image name/],
    ['docker-daemon:a/../../b', /is not an image name/],
    ['docker-daemon:a?b', /is not an image name/],
    ['dockr-archive:x', /not a known prefix \(did you mean "docker-archive"\?\)/],
    ['bootstrp:bookworm', /not a known prefix \(did you mean "bootstrap"\?\)/],
    ['dirr:x.tar', /not a known prefix \(did you mean "dir"\?\)/],
    ['dockr://x', /not a known prefix \(did you mean "docker"\?\)/],
    ['https://ghcr.io/x/y:1', /"https:" is not a known prefix$/],
    ['docker://', /does not name an image/],
    ['Debian:12', /names are in lower case/],
    ['debian:1 2', /"1 2" is not a tag/],
    ['ghcr.io/x/y@sha256:abc', /"sha256:abc" is not a digest/],
    ['build/root/', /does not name an image/],
  ])('refuses "%s"', async (text, reason) => {
    const error = await failureOf(() => parseBaseReference(text, '/'));
    expect(error.kind).toBe('usage');
    expect(error.message).toMatch(reason);
    expect(error.message).toContain(`"${text}"`);
    expect(error.remedy).toContain('bootstrap:[RELEASE]');
  });
});

describe('formatBaseReference', () => {
  const path = fc
    .array(fc.stringMatching(/^[\w .-]{1,8}$/), { minLength: 1, maxLength: 4 })
    .map((parts) => resolve('/', ...parts));
  const reference: fc.Arbitrary<BaseReference> = fc.oneof(
    fc.record({
      kind: fc.constant('bootstrap' as const),
      release: fc.option(fc.stringMatching(/^[a-z]{1,9}$/), { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant('oci' as const),
      path,
      tag: fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant('docker' as const),
      image: fc
        .tuple(
          fc.constantFrom('docker.io', 'quay.io', 'localhost:5000'),
          fc.stringMatching(/^[a-z]{1,9}\/[a-z]{1,9}$/),
          fc.stringMatching(/^\w[\w.-]{0,9}$/),
          fc.option(fc.stringMatching(/^sha256:[0-9a-f]{64}$/), { nil: undefined }),
        )
        .map(([registry, repository, tag, digest]) => ({ registry, repository, tag, digest })),
    }),
    fc.record({
      kind: fc.constant('docker-daemon' as const),
      name: fc.stringMatching(/^[a-z0-9]{1,8}(\/[a-z]{1,5})?(:v[0-9]{1,3})?$/),
    }),
    fc.record({ kind: fc.constantFrom('docker-archive' as const, 'dir' as const, 'tar' as const), path }),
  );

  test('returns a text that parses to the same reference in any directory', () => {
    fc.assert(
      fc.property(reference, path, (wanted, directory) => {
        expect(parseBaseReference(formatBaseReference(wanted), directory)).toEqual(wanted);
      }),
    );
  });

  test('returns the same text when its own text is parsed again', () => {
    const scheme = fc.constantFrom('bootstrap:', 'oci:', 'docker-archive:', 'dir:', 'tar:', '');
    const rest = fc.stringMatching(/^[\w./-]{1,20}(:[\w.-]{1,6})?$/);
    let parsed = 0;
    fc.assert(
      fc.property(scheme, rest, path, path, (prefix, text, directory, other) => {
        let once: string;
        try {
          once = formatBaseReference(parseBaseReference(`${prefix}${text}`, directory));
        } catch (error) {
          expect(error).toBeInstanceOf(FactoryError);
          return;
        }
        parsed += 1;
        expect(formatBaseReference(parseBaseReference(once, other))).toBe(once);
      }),
      { numRuns: 500 },
    );
    expect(parsed).toBeGreaterThan(100);
  });
});
