import { FactoryError } from '../../../common/errors/factory-error.ts';
import { formatBaseReference, parseBaseReference } from '../../config/base-reference.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { ImportEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, type Step, type StepKey } from '../step.ts';
import { fingerprint } from './fingerprint.ts';
import { RootFacts, rootFacts } from './root-facts.ts';

/** The image that provides the kernel. */
export const KERNEL_STEP: StepKey<RootFacts> = { id: 'kernel', facts: RootFacts };

/** The step that imports the image that provides the kernel. @throws FactoryError `usage` for a bootstrap reference */
export function kernelStep(env: ImportEnvironment, text: string, arch: string): Step {
  const reference = parseBaseReference(text, process.cwd());
  if (reference.kind === 'bootstrap') {
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      'a bootstrapped root has no kernel yet, so kernel-from cannot use it',
      {
        remedy: 'Build an image with --artifact oci first, and name that image.',
      },
    );
  }
  const name = formatBaseReference(reference);
  const inputs = async () => [await fingerprint(env, reference, arch), arch];
  return defineStep(KERNEL_STEP, {
    title: `import kernel image ${name}`,
    needs: [],
    inputs,
    isCurrent: ({ facts }) => env.engine.has(facts.image),
    run: async (context) => {
      const image = `localhost/kairos-factory/kernel:${cacheKey(KERNEL_STEP.id, await inputs(), []).slice(0, 16)}`;
      const { engine, images, daemon } = env;
      await importBase(reference, image, { ...context, engine, images, daemon, arch });
      const facts = await rootFacts(env.engine, { image, name });
      if (!facts.traits.shell) {
        throw new FactoryError(
          'BASE_UNSUITABLE',
          `${name} has no /bin/sh, which extracting the kernel needs`,
          {
            remedy: 'Give an image of a distribution with a kernel and BusyBox.',
          },
        );
      }
      return { facts, files: {} };
    },
  });
}
