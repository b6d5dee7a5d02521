import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { formatBaseReference, parseBaseReference } from '../../config/base-reference.ts';
import type { BundleSpec } from '../../config/bundles.ts';
import type { BundleLayer } from '../../image/context/context-options.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { ImportEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, type Results, resultOf, type Step, type StepKey } from '../step.ts';
import { fingerprint } from './fingerprint.ts';

const layer: z.ZodType<BundleLayer> = z.object({
  image: z.string(),
  mode: z.enum(['unpack', 'run']),
  name: z.string(),
});

/** The bundles of the image. */
export const BUNDLES_STEP: StepKey<{ readonly bundles: readonly BundleLayer[] }> = {
  id: 'bundles',
  facts: z.object({ bundles: z.array(layer) }),
};

/** The step that imports the bundles into the engine. @throws FactoryError `usage` for a bootstrap reference */
export function bundlesStep(env: ImportEnvironment, bundles: readonly BundleSpec[], arch: string): Step {
  const sources = bundles.map(({ image, mode }) => {
    const reference = parseBaseReference(image, process.cwd());
    if (reference.kind === 'bootstrap') {
      throw new FactoryError('IMAGE_REFERENCE_INVALID', `bundles: "${image}" is not an image`, {
        remedy: 'Give an image in a registry, oci:DIR, docker-archive:FILE, a tar or a directory.',
      });
    }
    return { reference, mode, name: formatBaseReference(reference) };
  });
  return defineStep(BUNDLES_STEP, {
    title: `import ${sources.length === 1 ? 'a bundle' : `${sources.length} bundles`}`,
    needs: [],
    inputs: () =>
      Promise.all(
        sources.map(async ({ reference, mode, name }) => [
          await fingerprint(env, reference, arch),
          mode,
          name,
        ]),
      ),
    isCurrent: async ({ facts }) => {
      const found = await Promise.all(facts.bundles.map(({ image }) => env.engine.has(image)));
      return found.every(Boolean);
    },
    run: async (context) => {
      const bundles: BundleLayer[] = [];
      for (const { reference, mode, name } of sources) {
        const key = cacheKey(BUNDLES_STEP.id, await fingerprint(env, reference, arch), []).slice(0, 16);
        const image = `localhost/kairos-factory/bundle:${key}`;
        context.say(`importing ${name}`);
        const scratch = await mkdtemp(join(context.scratch, 'bundle-'));
        const { engine, images, daemon } = env;
        await importBase(reference, image, { ...context, scratch, arch, engine, images, daemon });
        bundles.push({ image, mode, name });
      }
      return { facts: { bundles }, files: {} };
    },
  });
}

/** The imported bundles, in the order of the configuration. */
export function importedBundles(results: Results): readonly BundleLayer[] {
  return resultOf(results, BUNDLES_STEP).facts.bundles;
}
