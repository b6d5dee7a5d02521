import { FactoryError } from '../../../common/errors/factory-error.ts';
import { formatBaseReference, parseBaseReference } from '../../config/base-reference.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import type { Step } from '../step.ts';
import { fingerprint } from './base-step.ts';
import { type RootFacts, rootFacts } from './root-facts.ts';

/** Takes the image that the kernel comes from into the engine. @throws FactoryError `usage` for a bootstrap reference */
export function kernelStep(env: BuildEnvironment, text: string, arch: string): Step {
  const reference = parseBaseReference(text, process.cwd());
  if (reference.kind === 'bootstrap') {
    throw new FactoryError('usage', 'a bootstrapped root has no kernel yet, so kernel-from cannot take one', {
      remedy: 'Build an image first, with --artifact oci, and name that.',
    });
  }
  const name = formatBaseReference(reference);
  const inputs = async () => [await fingerprint(env, reference, arch), arch];
  return {
    id: 'kernel',
    title: `take the kernel's image ${name}`,
    needs: [],
    inputs,
    isCurrent: (result) => env.engine.has((result.facts as unknown as RootFacts).image),
    run: async (context) => {
      const image = `localhost/kairos-factory/kernel:${cacheKey('kernel', await inputs(), []).slice(0, 16)}`;
      await importBase(reference, image, {
        ...context,
        ...{ engine: env.engine, images: env.images, daemon: env.daemon },
        arch,
      });
      const facts = await rootFacts(env.engine, image, name, arch);
      if (!facts.traits.shell) {
        throw new FactoryError('usage', `${name} has no /bin/sh, and no kernel can be taken from it`, {
          remedy: 'Give an image of a distribution, with a kernel and dracut.',
        });
      }
      return { facts: { ...facts }, files: {} };
    },
  };
}
