import { readDirectoryRoot } from '../../inspect/root/read-directory.ts';
import { requireBudget } from '../../inspect/size/budget.ts';
import { measureRoot } from '../../inspect/size/measure-root.ts';
import { SIZE_FILES } from '../../inspect/size/size-selection.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { defineStep, NO_FACTS, type Step } from '../step.ts';
import { openOsImage } from './open-os-image.ts';
import { IMAGE_STEP } from './os-image-facts.ts';

/** The comparison with the size budget. */
const SIZE_STEP = { id: 'size', facts: NO_FACTS };

/**
 * The step that refuses an image whose files take more than the budget. No artifact is put in place before it passes.
 * @param budget in MiB
 */
export function sizeStep(env: Pick<BuildEnvironment, 'engine'>, budget: number): Step {
  return defineStep(SIZE_STEP, {
    title: `compare the size with ${budget} MiB`,
    needs: [IMAGE_STEP.id],
    inputs: async () => [budget],
    run: async (_, results) => {
      await using open = await openOsImage(env, results);
      const size = await measureRoot(await readDirectoryRoot(open.root, SIZE_FILES));
      requireBudget({ name: 'the image', size }, budget);
      // A constant digest: the size does not affect the artifacts.
      return { facts: {}, files: {}, digest: 'passed' };
    },
  });
}
