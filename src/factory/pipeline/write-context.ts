import type { BuildSpec } from '../config/schema.ts';
import type { BuildOptions } from './build-options.ts';
import { createContextFolder } from './create-context-folder.ts';
import { withEngine } from './engine-session.ts';
import { refuseForeign } from './foreign-folder.ts';
import { targetImages } from './image-sources.ts';
import { sessionOptions } from './run-targets.ts';
import { schedulerContext, targetEnvironment } from './target-environment.ts';
import { requireArches } from './target-steps.ts';

/**
 * Writes the Containerfile and the context of a build into a folder for another builder. The folder appears completely or
 * not at all, and replaces an earlier context folder.
 * @param output absolute path of the folder
 * @throws FactoryError `usage` when the path holds anything else, or the spec cannot be built
 */
export async function writeContext(spec: BuildSpec, output: string, options: BuildOptions): Promise<void> {
  await withEngine(
    async (session) => {
      // Before the build, which takes minutes; createContextFolder checks again before it replaces the folder.
      await refuseForeign(output);
      await requireArches([{ name: undefined, spec }], session);
      const images = targetImages(session, spec, { ...options, mayWrite: true });
      const parts = { images, partial: (file: string) => file, caches: spec.buildkit };
      const env = targetEnvironment(session, options, parts);
      await createContextFolder(env, { spec, output, context: schedulerContext(session, options) });
    },
    sessionOptions([{ name: undefined, spec }], options),
  );
}
