import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { formatBaseReference, parseBaseReference } from '../../config/base-reference.ts';
import type { BundleSpec } from '../../config/bundles.ts';
import type { BundleLayer } from '../../image/context/build-context.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { type Results, resultOf, type Step } from '../step.ts';
import { fingerprint } from './base-step.ts';

export const BUNDLES_STEP = 'bundles';

type Facts = { readonly bundles: readonly BundleLayer[] };

/** Takes the bundles into the engine. @throws FactoryError `usage` for a reference that is no image */
export function bundlesStep(env: BuildEnvironment, bundles: readonly BundleSpec[], arch: string): Step {
  const sources = bundles.map(({ image, mode }) => {
    const reference = parseBaseReference(image, process.cwd());
    if (reference.kind === 'bootstrap') {
      throw new FactoryError('usage', `bundles: "${image}" is no image`, {
        remedy: 'Give an image of a registry, oci:DIR, docker-archive:FILE, a tar or a directory.',
      });
    }
    return { reference, mode, name: formatBaseReference(reference) };
  });
  return {
    id: BUNDLES_STEP,
    title: `take ${sources.length === 1 ? 'a bundle' : `${sources.length} bundles`}`,
    needs: [],
    inputs: () =>
      Promise.all(
        sources.map(async ({ reference, mode, name }) => [
          await fingerprint(env, reference, arch),
          mode,
          name,
        ]),
      ),
    isCurrent: async (result) => {
      const { bundles: taken } = result.facts as unknown as Facts;
      const found = await Promise.all(taken.map(({ image }) => env.engine.has(image)));
      return found.every(Boolean);
    },
    run: async (context) => {
      const taken: BundleLayer[] = [];
      for (const { reference, mode, name } of sources) {
        const key = cacheKey(BUNDLES_STEP, await fingerprint(env, reference, arch), []).slice(0, 16);
        const image = `localhost/kairos-factory/bundle:${key}`;
        context.say(`taking ${name}`);
        const scratch = await mkdtemp(join(context.scratch, 'bundle-'));
        await importBase(reference, image, {
          ...{ ...context, scratch, arch },
          ...{ engine: env.engine, images: env.images, daemon: env.daemon },
        });
        taken.push({ image, mode, name });
      }
      const facts: Facts = { bundles: taken };
      return { facts: { ...facts }, files: {} };
    },
  };
}

/** The bundles as the step left them in the engine, in the order of the configuration. */
export function takenBundles(results: Results): readonly BundleLayer[] {
  return (resultOf(results, BUNDLES_STEP).facts as unknown as Facts).bundles;
}
