import { expect, test } from 'vitest';
import type { ArtifactsSpec } from '../../../../src/factory/config/schema.ts';
import { sessionOptions } from '../../../../src/factory/pipeline/run-targets.ts';
import type { Target } from '../../../../src/factory/pipeline/target.ts';
import { failureOf } from '../../support/failure.ts';
import { artifactsSpec } from '../artifacts/support/inputs.ts';

const target = (change: Partial<ArtifactsSpec> = {}): Target => ({
  image: 'oci:/os',
  spec: artifactsSpec(change),
});
const onLog = () => undefined;

test.each(['auto', 'buildah', 'docker'] as const)('targets with the same engine (%s) share it', (engine) => {
  const options = sessionOptions([target({ engine }), target({ engine })], { onLog });
  expect(options).toEqual({ engine, secrets: [], onLog });
});

test('targets with different engines are refused, because they share one image store', async () => {
  const targets = [target({ engine: 'buildah' }), target({ engine: 'docker' })];
  const error = await failureOf(() => sessionOptions(targets, { onLog }), 'usage');
  expect(error.message).toContain('buildah, docker');
});

test('programs do not inherit the signing secrets of any target', () => {
  const sign = { key: 'env://RELEASE_KEY', format: 'bundle', 'password-env': 'RELEASE_PASSWORD' } as const;
  const { secrets } = sessionOptions([target(), target({ sign })], { onLog });
  expect(secrets).toEqual(['RELEASE_PASSWORD', 'RELEASE_KEY']);
});
