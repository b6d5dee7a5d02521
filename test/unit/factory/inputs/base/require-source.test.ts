import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { namedDaemon } from '../../../../../src/factory/inputs/base/daemon-image.ts';
import { requireSource } from '../../../../../src/factory/inputs/base/require-source.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const makeHome = () =>
  plant(temporaryDirectory(), {
    'plain/file': '',
    'layout/index.json': JSON.stringify({
      manifests: [{ annotations: { 'org.opencontainers.image.ref.name': 'v1' } }],
    }),
  });

describe('a source that is given', () => {
  test.each([
    [{ kind: 'oci', path: 'nope', tag: undefined }, 'BASE_NOT_FOUND'],
    [{ kind: 'tar', path: 'nope' }, 'BASE_NOT_FOUND'],
    [{ kind: 'docker-archive', path: 'nope' }, 'BASE_NOT_FOUND'],
    [{ kind: 'dir', path: 'nope' }, 'BASE_NOT_FOUND'],
    [{ kind: 'oci', path: 'plain', tag: undefined }, 'IMAGE_UNREADABLE'],
    [{ kind: 'oci', path: 'layout', tag: 'v2' }, 'IMAGE_NOT_FOUND'],
  ] as const)('%j is a usage error', async (reference, code) => {
    const path = join(makeHome(), reference.path);
    const error = await failureOf(() => requireSource({ ...reference, path }), 'usage');
    expect(error.code).toBe(code);
    expect(error.remedy).toBeDefined();
  });

  test('passes when it exists, or is not here', async () => {
    await requireSource({ kind: 'oci', path: join(makeHome(), 'layout'), tag: 'v1' });
    await requireSource({ kind: 'docker-daemon', name: 'x' });
  });
});

test('without a daemon, its image is advised to come from elsewhere, not from another engine', async () => {
  const daemon = async () => {
    throw new FactoryError('DOCKER_UNAVAILABLE', 'no answer', { remedy: 'Use --engine buildah.' });
  };
  const error = await failureOf(() => namedDaemon(daemon, 'debian:12'), 'tool');
  expect(error.remedy).toMatch(/docker:\/\/debian:12 .*docker-archive:FILE/);
  expect(error.remedy).not.toContain('engine');
});
