import { readFileSync, statSync } from 'node:fs';
import { HOST_PROGRAMS } from '../../../common/contract/host-programs.ts';
import type { UserContainerfile } from '../../config/schema.ts';
import { type ContextEntry, packContext } from '../../image/context/context-tar.ts';
import {
  type CheckedContainerfile,
  checkContainerfile,
  refusePulls,
} from '../../image/context/user-containerfile.ts';
import { userContextEntries } from '../../image/context/user-context.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, resultOf, type Step } from '../step.ts';
import { BASE_STEP, type BaseFacts, CONTAINERFILE_STEP } from './base-facts.ts';
import { rootFacts } from './root-facts.ts';

/** Reads and checks the user's Containerfile. @throws FactoryError `usage` when it is not supported */
export function readContainerfile({ file }: UserContainerfile): CheckedContainerfile {
  return checkContainerfile(file, readFileSync(file, 'utf8'));
}

/** Everything in the user's Containerfile and its context that affects the result. */
export function containerfileInputs(user: UserContainerfile): unknown {
  const entries = userContextEntries(user).map((entry) => {
    if (entry.type !== 'file') return entry;
    const { source, ...rest } = entry;
    return { ...rest, time: String(statSync(source, { bigint: true }).mtimeNs) };
  });
  return [readFileSync(user.file, 'utf8'), entries];
}

/** The build context that applies the user's Containerfile to the image `base`. */
export function userContext(user: UserContainerfile, base: string): ContextEntry[] {
  const { directives, globals, render } = readContainerfile(user);
  const text = [...directives, ...globals, ...render(base)].join('\n');
  return [{ type: 'text', path: 'Containerfile', text, mode: 0o644 }, ...userContextEntries(user)];
}

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
    run: async ({ say }, results) => {
      const base = resultOf(results, BASE_STEP);
      const { image: from, archive } = base.facts;
      const key = cacheKey(CONTAINERFILE_STEP.id, await inputs(), [[BASE_STEP.id, base.digest]]);
      const image = `localhost/kairos-factory/base-of:${key.slice(0, 16)}`;
      await env.engine.build(packContext(userContext(user, from)), image, {
        onStep: say,
        useCache: env.useCache,
        offline: env.offline,
        arch,
        isBase: true,
      });
      const facts: BaseFacts = {
        ...(await rootFacts(env.engine, { image, name: user.file })),
        ...(archive ? { archive } : {}),
      };
      return { facts, files: {} };
    },
  });
}
