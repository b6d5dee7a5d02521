import { HOST_PROGRAMS } from '../../../common/contract/host-programs.ts';
import type { UserContainerfile } from '../../config/schema.ts';
import { refusePulls } from '../../image/context/user-containerfile.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, resultOf, type Step } from '../step.ts';
import { BASE_STEP, type BaseFacts, CONTAINERFILE_STEP } from './base-facts.ts';
import { buildUserImage } from './build-user-image.ts';
import { containerfileInputs, readContainerfile } from './read-containerfile.ts';
import { rootFacts } from './root-facts.ts';

/** The step that applies the user's Containerfile to the base. The result is the base of all later steps. */
export function containerfileStep(
  env: Pick<BuildEnvironment, 'engine' | 'useCache' | 'offline'>,
  user: UserContainerfile,
  arch: string,
): Step {
  refusePulls(user.file, readContainerfile(user));
  const inputs = async () => [containerfileInputs(user), HOST_PROGRAMS];
  return defineStep(CONTAINERFILE_STEP, {
    title: `apply ${user.file}`,
    needs: [BASE_STEP.id],
    inputs,
    isCurrent: ({ facts }) => env.engine.has(facts.image),
    run: async (context, results) => {
      const base = resultOf(results, BASE_STEP);
      const { image: from, archive } = base.facts;
      const key = cacheKey(CONTAINERFILE_STEP.id, await inputs(), [[BASE_STEP.id, base.digest]]);
      const image = `localhost/kairos-factory/base-of:${key.slice(0, 16)}`;
      await buildUserImage(env, context, { user, from, image, arch, isBase: true });
      const facts: BaseFacts = {
        ...(await rootFacts(env.engine, { image, name: user.file })),
        ...(archive ? { archive } : {}),
      };
      return { facts, files: {} };
    },
  });
}
