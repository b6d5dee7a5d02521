import { randomUUID } from 'node:crypto';
import { chmod, copyFile, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { parseBaseReference } from '../../config/base-reference.ts';
import { KAIROS_INIT_PATH } from '../../image/context/kairos-init.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { ImportEnvironment } from '../build-environment.ts';
import { rememberedHash } from '../digests.ts';
import { defineStep, NO_FACTS, type Step } from '../step.ts';
import { fingerprint } from './fingerprint.ts';

/** The program `kairos-init`. */
export const FRAMEWORK_STEP = { id: 'framework', facts: NO_FACTS };

/**
 * The step that copies the program `kairos-init` into the cache, as the file `program`.
 * @param source absolute path of the program, or the reference of an image with the program
 * @throws FactoryError `usage` for a bootstrap reference
 */
export function frameworkStep(env: ImportEnvironment, source: string, arch: string): Step {
  const reference = isAbsolute(source) ? undefined : parseBaseReference(source, process.cwd());
  if (reference?.kind === 'bootstrap') {
    throw new FactoryError('SOURCE_UNSUITABLE', 'a bootstrapped root has no kairos-init', {
      remedy: 'Set --framework-source to the program or to the reference of its image.',
    });
  }
  return defineStep(FRAMEWORK_STEP, {
    title: `copy kairos-init from ${source}`,
    needs: [],
    inputs: async () => [
      reference === undefined
        ? await rememberedHash(env.digests, source)
        : await fingerprint(env, reference, arch),
      arch,
    ],
    run: async (context) => {
      const program = join(context.objects, 'kairos-init');
      if (reference === undefined) await copyFile(source, program);
      else {
        const image = `localhost/kairos-factory/framework:${randomUUID()}`;
        await using _image = await env.engine.transient(image);
        const { engine, images, daemon } = env;
        await importBase(reference, image, { ...context, engine, images, daemon, arch });
        await using open = await env.engine.open(image);
        const found = await resolveInRoot(open.root, KAIROS_INIT_PATH);
        if (found === undefined || !(await stat(found)).isFile()) {
          throw new FactoryError('SOURCE_UNSUITABLE', `${source} has no program ${KAIROS_INIT_PATH}`, {
            remedy: 'Give the image of kairos-init or the program itself.',
          });
        }
        await copyFile(found, program);
      }
      await chmod(program, 0o755);
      return { facts: {}, files: { program } };
    },
  });
}
