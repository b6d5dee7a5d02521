import { expect, test } from 'vitest';
import type { ErrorCode } from '../../../../../src/common/errors/error-codes.ts';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { parseImageReference } from '../../../../../src/common/oci/registry/image-reference.ts';
import { atPlaces } from '../../../../../src/factory/inputs/base/resolve-image.ts';

const image = parseImageReference('registry.example/os:v1');

/** Asks the mirror, which fails with `code`, and then the registry. */
async function askAfter(code: ErrorCode): Promise<{ readonly asked: string[]; readonly warnings: string[] }> {
  const asked: string[] = [];
  const warnings: string[] = [];
  const runner = { run: () => Promise.reject(new Error('unused')), locate: () => Promise.resolve('') };
  const registries = [{ registry: 'registry.example', mirrors: ['mirror.example'], insecure: false }];
  await atPlaces(
    { access: { runner, registries, env: {} }, image, warn: (text) => warnings.push(text) },
    async ({ place }) => {
      asked.push(place.reference.registry);
      if (place.isMirror) throw new FactoryError(code, 'the mirror fails');
    },
  );
  return { asked, warnings };
}

test.each(['REGISTRY_NOT_FOUND', 'REDIRECT_WITHOUT_TLS'] as const)(
  'a mirror that fails with %s is skipped with a warning',
  async (code) => {
    const { asked, warnings } = await askAfter(code);
    expect(asked).toEqual(['mirror.example', 'registry.example']);
    expect(warnings).toEqual(['skipping the mirror mirror.example: the mirror fails']);
  },
);

test('a mirror that delivers wrong content ends the build', async () => {
  await expect(askAfter('DIGEST_MISMATCH')).rejects.toThrow('the mirror fails');
});
