import { HOST_PROGRAMS } from '../../../common/contract/host-programs.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { TrustRule } from '../../../common/trust/policy.ts';
import type { BaseChoice } from '../../catalog/flavors/choose.ts';
import { type BaseReference, formatBaseReference } from '../../config/base-reference.ts';
import { loadSigners } from '../../config/load-signers.ts';
import type { BuildSpec } from '../../config/schema.ts';
import { isArchiveUnchanged } from '../../inputs/base/archive-state.ts';
import { baseTools } from '../../inputs/base/base-tools.ts';
import { checkDeclaredArch, checkRootArch } from '../../inputs/base/check-arch.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { BuildEnvironment, ImportEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { defineStep, type Step } from '../step.ts';
import { BASE_STEP, type BaseFacts } from './base-facts.ts';
import { fingerprint } from './fingerprint.ts';
import { rootFacts } from './root-facts.ts';

/** Options of {@link baseStep}. */
export interface BaseStepOptions {
  readonly spec: BuildSpec;
  /** Where the base comes from. */
  readonly reference: BaseReference;
  /** How the base was chosen, with the settings for a bootstrap. */
  readonly choice: BaseChoice;
}

/**
 * The step that imports the base into the engine. A bootstrapped base is rebuilt when the package archive has changed.
 * @throws FactoryError `usage` when `trust.base` requires a signature that the base cannot have
 */
export function baseStep(
  env: ImportEnvironment & Pick<BuildEnvironment, 'runner' | 'offline' | 'epoch' | 'work'>,
  { spec, reference, choice }: BaseStepOptions,
): Step {
  const { source, title } = sourceOf(spec, reference, choice);
  const bootstrap = choice.kind === 'bootstrap' ? choice : undefined;
  const requireTrust = baseTrust(env, spec, reference);
  const inputs = async () => [
    // Check the signature of the base first, and at each build, even if everything is cached.
    await requireTrust().then(() => fingerprint(env, reference, spec.arch)),
    bootstrap,
    spec.mirror,
    spec.arch,
    env.epoch,
    // The facts of the root say which of them it lacks.
    HOST_PROGRAMS,
  ];

  return defineStep(BASE_STEP, {
    title,
    needs: [],
    tools: baseTools(reference),
    // An image from elsewhere has settings besides its files, and every machine can fetch it.
    shared: bootstrap === undefined ? undefined : { kind: 'image', arch: spec.arch },
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
        glimpse: context.glimpse,
      });
      const name = formatBaseReference(reference);
      const root = await rootFacts(env.engine, { image, name }, (path) =>
        checkRootArch(path, name, spec.arch),
      );
      const facts: BaseFacts = { ...root, ...(archive ? { archive } : {}) };
      // A new archive state means new packages in later steps, even if the bootstrapped root is unchanged.
      const digest = archive ? cacheKey('base', [await inputs(), archive], []) : undefined;
      return { facts, files: {}, ...(digest === undefined ? {} : { digest }) };
    },
    isCurrent: async ({ facts: { image, archive } }) => {
      if (!(await env.engine.has(image))) return false;
      // A snapshot never changes.
      if (archive === undefined || env.offline || bootstrap?.snapshot) return true;
      return isArchiveUnchanged(env.runner, archive, env.work);
    },
  });
}

/**
 * Returns the check of the base's signature. The signature is not an input of the step, because it does not affect the
 * content.
 * @throws FactoryError `usage` for a base that is not an image in a registry, because only such an image has signatures
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
      `trust.base requires a signature, but ${formatBaseReference(reference)} is not an image in a registry`,
      {
        remedy:
          'Push the base to a registry, sign it and name it as REGISTRY/NAME:TAG; or remove trust.base.',
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
  if (reference.kind === 'bootstrap') throw new RangeError('a bootstrap without a flavor');
  return { source: reference, title: `import base ${formatBaseReference(reference)}` };
}

/** The error for a root that would have to be bootstrapped without a network. */
export function notBootstrapped(): FactoryError {
  return new FactoryError('NOT_CACHED', 'the root is not in the cache, and --offline fetches no packages', {
    remedy: 'Run the same command once without --offline, with access to the package archive.',
  });
}
