import { FactoryError } from '../../../common/errors/factory-error.ts';
import { formatBaseReference, parseBaseReference } from '../../config/base-reference.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { ImportEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, type Step, type StepKey } from '../step.ts';
import { fingerprint } from './fingerprint.ts';
import { RootFacts, rootFacts } from './root-facts.ts';

/** The image that the kernel comes from. */
export const KERNEL_STEP: StepKey<RootFacts> = { id: 'kernel', facts: RootFacts };

/** Takes the image that the kernel comes from into the engine. @throws FactoryError `usage` for a bootstrap reference */
export function kernelStep(env: ImportEnvironment, text: string, arch: string): Step {
  const reference = parseBaseReference(text, process.cwd());
  if (reference.kind === 'bootstrap') {
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      'a bootstrapped root has no kernel yet, so kernel-from cannot take one',
      {
        remedy: 'Build an image first, with --artifact oci, and name that.',
      },
    );
  }
  const name = formatBaseReference(reference);
  const inputs = async () => [await fingerprint(env, reference, arch), arch];
  return defineStep(KERNEL_STEP, {
    title: `take the kernel's image ${name}`,
    needs: [],
    inputs,
    isCurrent: ({ facts }) => env.engine.has(facts.image),
    run: async (context) => {
      const image = `localhost/kairos-factory/kernel:${cacheKey(KERNEL_STEP.id, await inputs(), []).slice(0, 16)}`;
      await importBase(reference, image, {
        ...context,
        ...{ engine: env.engine, images: env.images, daemon: env.daemon },
        arch,
      });
      const facts = await rootFacts(env.engine, { image, name, arch });
      if (!facts.traits.shell) {
        throw new FactoryError(
          'BASE_UNSUITABLE',
          `${name} has no /bin/sh, and no kernel can be taken from it`,
          {
            remedy: 'Give an image of a distribution, with a kernel and dracut.',
          },
        );
      }
      return { facts, files: {} };
    },
  });
}
