import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import type { BaseChoice } from '../../catalog/flavors/choose.ts';
import { type BaseReference, formatBaseReference } from '../../config/base-reference.ts';
import { loadSigners } from '../../config/load-signers.ts';
import type { BuildSpec } from '../../config/schema.ts';
import { isArchiveUnchanged } from '../../inputs/base/archive-state.ts';
import { checkDeclaredArch, checkRootArch } from '../../inputs/base/check-arch.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import { MMDEBSTRAP } from '../../tools/mmdebstrap.ts';
import type { BuildEnvironment, ImportEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, type Step } from '../step.ts';
import { BASE_STEP, type BaseFacts } from './base-facts.ts';
import { fingerprint } from './fingerprint.ts';
import { rootFacts } from './root-facts.ts';

/**
 * Takes the base into the engine. A bootstrapped base is made again when the package archive has changed.
 * @param reference where the base comes from
 * @param choice how it was chosen, with what bootstrapping needs
 */
export function baseStep(
  env: ImportEnvironment & Pick<BuildEnvironment, 'runner' | 'offline' | 'epoch' | 'work'>,
  spec: BuildSpec,
  reference: BaseReference,
  choice: BaseChoice,
): Step {
  const { source, title } = sourceOf(spec, reference, choice);
  const bootstrap = choice.kind === 'bootstrap' ? choice : undefined;
  const requireTrust = baseTrust(env, spec, reference);
  const inputs = async () => [
    // First of all, also when everything is cached: whose signature the base has is asked at each build.
    await requireTrust().then(() => fingerprint(env, reference, spec.arch)),
    bootstrap,
    spec.mirror,
    spec.arch,
    env.epoch,
  ];

  return defineStep(BASE_STEP, {
    title,
    needs: [],
    tools: reference.kind === 'bootstrap' ? [MMDEBSTRAP] : [],
    inputs,
    run: async (context) => {
      if (env.offline && reference.kind === 'bootstrap') throw notBootstrapped();
      const image = `localhost/kairos-factory/base:${cacheKey('base', await inputs(), []).slice(0, 16)}`;
      await checkDeclaredArch(reference, formatBaseReference(reference), spec.arch);
      const archive = await importBase(source, image, {
        runner: context.runner,
        engine: env.engine,
        images: env.images,
        daemon: env.daemon,
        scratch: context.scratch,
        arch: spec.arch,
        notice: context.notice,
        say: context.say,
      });
      const name = formatBaseReference(reference);
      const root = await rootFacts(env.engine, { image, name, arch: spec.arch }, (path) =>
        checkRootArch(path, name, spec.arch),
      );
      const facts: BaseFacts = { ...root, ...(archive ? { archive } : {}) };
      // A new state of the archive means new packages later, even when the bootstrapped root is the same.
      const digest = archive ? cacheKey('base', [await inputs(), archive], []) : undefined;
      return { facts, files: {}, ...(digest === undefined ? {} : { digest }) };
    },
    isCurrent: async ({ facts: { image, archive } }) => {
      if (!(await env.engine.has(image))) return false;
      // The past does not change.
      if (archive === undefined || env.offline || bootstrap?.snapshot) return true;
      return isArchiveUnchanged(env.runner, archive, env.work);
    },
  });
}

/**
 * What checks the signature of the base. It is no input of the step: it says who made the content, and not what it is.
 * @throws FactoryError `usage` for a base that is no image of a registry, of which nobody can say who signed it
 */
function baseTrust(
  env: Pick<BuildEnvironment, 'images'>,
  { trust, arch }: Pick<BuildSpec, 'trust' | 'arch'>,
  reference: BaseReference,
): () => Promise<void> {
  const signers = trust?.base;
  if (signers === undefined) return async () => undefined;
  if (reference.kind !== 'docker') {
    throw new FactoryError(
      'TRUST_CONFIG_INVALID',
      `trust.base asks for a signature, and ${formatBaseReference(reference)} is no image of a registry`,
      {
        remedy:
          'Name the base as REGISTRY/NAME:TAG, push it to a registry and sign it; or take trust.base out.',
      },
    );
  }
  let rule: Promise<TrustRule> | undefined;
  return async () => {
    rule ??= loadSigners('trust.base', signers);
    await env.images.pin(reference.image, arch, await rule);
  };
}

function sourceOf(spec: BuildSpec, reference: BaseReference, choice: BaseChoice) {
  if (choice.kind === 'bootstrap') {
    const { suite, components, flavor, snapshot } = choice;
    return {
      source: { kind: 'bootstrap', release: suite, components, mirror: spec.mirror, snapshot } as const,
      title: `bootstrap ${flavor} ${suite}${snapshot ? ` as of ${spec.snapshot}` : ''}`,
    };
  }
  if (reference.kind === 'bootstrap') throw new Error('a bootstrap without a flavor');
  return { source: reference, title: `import base ${formatBaseReference(reference)}` };
}

function notBootstrapped(): FactoryError {
  return new FactoryError('NOT_CACHED', 'it is not in the cache, and --offline fetches no packages', {
    remedy: 'Run the same command once without --offline, where the package archive can be reached.',
  });
}
