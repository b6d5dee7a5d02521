import { describe, expect, test } from 'vitest';
import { formatBaseReference } from '../../../../src/factory/config/base-reference.ts';
import { loadBuildSpec } from '../../../../src/factory/config/build-spec.ts';
import { buildReferences } from '../../../../src/factory/pipeline/build-references.ts';
import { FLAVORS } from '../../../../src/factory/pipeline/project-files.ts';

async function referencesOf(flags: Record<string, unknown>): Promise<string[]> {
  const spec = await loadBuildSpec({ set: [], flags });
  return (await buildReferences(FLAVORS, spec)).map(formatBaseReference);
}

describe('the images that a build is made from', () => {
  test('are base, kernel, framework and bundles', async () => {
    expect(
      await referencesOf({
        base: 'example.com/tiny:1',
        flavor: 'any',
        'kernel-from': 'example.com/os:2',
        bundles: ['example.com/tools:3'],
      }),
    ).toEqual(['docker://example.com/tiny:1', 'docker://example.com/os:2', 'docker://example.com/tools:3']);
    expect(
      await referencesOf({
        base: 'debian:12',
        flavor: 'debian',
        framework: { name: 'kairos-init', source: 'example.com/kairos-init:4' },
      }),
    ).toEqual(['docker://docker.io/library/debian:12', 'docker://example.com/kairos-init:4']);
  });

  test('start with the base image that the flavor defines', async () => {
    expect(await referencesOf({ flavor: 'ubuntu', release: '24.04' })).toEqual([
      'docker://docker.io/library/ubuntu:24.04',
    ]);
    expect(await referencesOf({ flavor: 'debian' })).toEqual([]);
    const kernel = { flavor: 'any', base: 'example.com/tiny:1', 'kernel-from': 'bootstrap:bookworm' };
    expect(await referencesOf(kernel)).toEqual(['docker://example.com/tiny:1']);
  });
});
