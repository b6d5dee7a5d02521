import { join } from 'node:path';
import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { borrowedNotice, type FlavorChoice } from '../../catalog/flavors/choose.ts';
import type { Distribution } from '../../catalog/flavors/detect.ts';
import { explainMissingPackage } from '../../catalog/flavors/missing-package.ts';
import { findRelease, requireKernel, select } from '../../catalog/flavors/select.ts';
import { aptSnapshot, snapshotSources } from '../../catalog/flavors/snapshot.ts';
import { resolveBoard } from '../../catalog/models/board.ts';
import type { Model } from '../../catalog/models/schema.ts';
import { type PolicyFile, renderPolicy } from '../../config/render-policy.ts';
import type { BuildSpec } from '../../config/schema.ts';
import type { ContextOptions, KernelSource } from '../../image/context/build-context.ts';
import { packageLockName } from '../../inputs/lock/packages.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { rememberedHash, treeContentDigest, treeSignature } from '../digests.ts';
import { fileOf, type Results, resultOf } from '../step.ts';
import type { BaseFacts } from './base-step.ts';
import { BUNDLES_STEP, takenBundles } from './bundles-step.ts';
import { KUBERNETES_STEP, kubernetesFiles } from './kubernetes-step.ts';
import type { RootFacts } from './root-facts.ts';

/** How an OS image is made from what the steps before it left. */
export interface ImageRecipe {
  /** Ids of those steps. */
  readonly needs: readonly string[];
  /** What makes a difference to the image, besides the results that it needs. */
  readonly inputs: (results: Results) => Promise<unknown[]>;
  /**
   * What its context is rendered from.
   * @param notice told what the image will be without
   * @throws FactoryError `usage` when the base cannot become an OS this way
   */
  readonly options: (results: Results, notice: (text: string) => void) => ContextOptions;
  /** The name that the lock has the packages of an image under; none where the base's are all that there are. */
  readonly lockName: (identity: ImageIdentity) => string | undefined;
  /** Whether the distribution has an archive of its past. */
  readonly hasSnapshots: (results: Results) => boolean;
  /** @returns what the image is going to say of itself */
  readonly identity: (results: Results) => ImageIdentity;
  /** What a failure of the engine means, where it can be told better. */
  readonly explain: (error: unknown, results: Results) => unknown;
}

/** The recipe of a build. @throws FactoryError `usage` for keys that do not go together */
export function imageRecipe(
  env: BuildEnvironment,
  spec: BuildSpec,
  choice: FlavorChoice,
  model: Model,
): ImageRecipe {
  // A flavor that is found by the base has packages: the one without takes any base, and has to be named.
  const withoutPackages = choice.named?.flavor['package-manager'] === 'none';
  if (withoutPackages && spec.packages.length > 0) {
    const name = choice.named?.flavor.name;
    throw new FactoryError('usage', `flavor ${name} installs nothing, so packages cannot be added`, {
      remedy: 'Use the flavor of the distribution, or a --containerfile that installs them.',
    });
  }
  if (choice.named !== undefined && spec.kernelFrom === undefined && !withoutPackages) {
    requireKernel(choice.named.flavor, spec.kernel);
  }
  const policy = upgradePolicy(spec);
  const baseId = spec.containerfile?.stage === 'before' ? 'containerfile' : 'base';
  const base = (results: Results) => resultOf(results, baseId).facts as unknown as BaseFacts;
  const needs = [
    ...new Set(['base', baseId]),
    ...(spec.kernelFrom === undefined ? [] : ['kernel']),
    ...(spec.framework.name === 'kairos-init' ? ['framework'] : []),
    ...(spec.kubernetes ? [KUBERNETES_STEP] : []),
    ...(spec.bundles.length > 0 ? [BUNDLES_STEP] : []),
  ];
  const detect = (results: Results) => {
    const detected = choice.forBase(base(results).osRelease);
    const { loaded, distribution } = detected;
    const target = { arch: spec.arch, releaseVersion: distribution.version, variant: spec.variant };
    const board = resolveBoard(model, loaded.flavor, target);
    const kernel = spec.kernelFrom !== undefined || withoutPackages ? undefined : spec.kernel;
    const selection = select(board.flavor, target, kernel, [...board.packages, ...spec.packages]);
    const identity = identityOf(spec, distribution, loaded.flavor.family);
    return { detected, loaded, distribution, target, board, selection, identity };
  };
  const kernel = (results: Results): KernelSource | undefined => {
    if (spec.kernelFrom === undefined) return undefined;
    const { image, traits } = resultOf(results, 'kernel').facts as unknown as RootFacts;
    const { bootLoader, ownLib } = base(results).traits;
    return {
      image,
      epoch: Number(env.epoch ?? traits.newest),
      library: ownLib ? '/lib' : '/usr/lib',
      bootLoader: withoutPackages && !bootLoader,
    };
  };
  /**
   * Where no package archive is asked for its date, the image is as old as the newest file that it is made from. What a
   * person's Containerfile makes has the time of the build, and does not count.
   */
  const epoch = (results: Results): string | undefined => {
    if (env.epoch !== undefined) return env.epoch;
    const { archive, traits } = resultOf(results, 'base').facts as unknown as BaseFacts;
    if (spec.framework.name === 'kairos-init') return String(archive?.date ?? traits.newest);
    if (!withoutPackages) return undefined;
    return String(Math.max(traits.newest, kernel(results)?.epoch ?? 0));
  };

  const snapshot = (results: Results): string[] | undefined => {
    if (spec.snapshot === undefined) return undefined;
    const { loaded, distribution, target, board } = detect(results);
    const { suite, key } = findRelease(loaded.flavor, distribution.release);
    const sources = snapshotSources(loaded.flavor, target, suite ?? key, spec.snapshot, spec.mirror);
    if (loaded.flavor['package-manager'] !== 'apt') return sources.map(({ uri }) => uri);
    const components = loaded.flavor.bootstrap?.components ?? [];
    return aptSnapshot(sources, [...new Set([...components, ...board.components])]);
  };

  return {
    needs,
    inputs: async (results) => {
      const { loaded, selection, identity } = detect(results);
      return [
        loaded.flavor,
        model,
        selection,
        identity,
        treeContentDigest(join(env.templates, 'build')),
        treeContentDigest(join(env.templates, 'image')),
        ...(spec.kubernetes ? [treeContentDigest(join(env.templates, 'kubernetes'))] : []),
        await rememberedHash(env.digests, env.agent(spec.arch, loaded.flavor.libc)),
        spec.overlayRootfs === undefined ? null : treeSignature(spec.overlayRootfs),
        spec.framework,
        ...(policy ? [policy] : []),
        env.epoch,
        env.tool,
        // Added at the end and only where it is wanted: keys of other builds stay what they were.
        ...(spec.snapshot === undefined ? [] : [snapshot(results)]),
      ];
    },
    // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
    options: (results, notice) => {
      const { image, traits } = base(results);
      const needsShell = !withoutPackages || spec.kernelFrom === undefined;
      if (!traits.shell && needsShell) throw noShell(spec);
      const { detected, loaded, selection, identity, board } = detect(results);
      const borrowed = borrowedNotice(detected);
      if (borrowed !== undefined) notice(borrowed);
      const agent = !withoutPackages || traits.glibc ? env.agent(spec.arch, loaded.flavor.libc) : undefined;
      if (agent === undefined && spec.framework.name === 'builtin') {
        notice(
          'the base lacks the GNU C library, which the agent needs, and so the image has no agent: it boots and mounts ' +
            'what persists, but reads no cloud-config, and neither installs nor upgrades itself',
        );
        if (policy)
          notice('the policy of trust.upgrade is in the image, and there is no agent to enforce it');
      }
      const from = kernel(results);
      const past = snapshot(results);
      return {
        templates: env.templates,
        flavor: loaded.flavor,
        selection,
        identity,
        board,
        base: image,
        epoch: epoch(results),
        overlay: spec.overlayRootfs,
        tool: env.tool,
        agent,
        root: traits,
        policy,
        ...(from === undefined ? {} : { kernel: from }),
        ...(past === undefined ? {} : { snapshot: past }),
        ...(spec.kubernetes ? { kubernetes: { ...spec.kubernetes, files: kubernetesFiles(results) } } : {}),
        ...(spec.bundles.length > 0 ? { bundles: takenBundles(results) } : {}),
        ...(spec.framework.name === 'kairos-init'
          ? {
              init: {
                program: fileOf(results, 'framework', 'program'),
                image: identity,
                version: spec.framework.version,
              },
            }
          : {}),
      };
    },
    lockName: (identity) =>
      withoutPackages
        ? undefined
        : packageLockName({
            target: env.target,
            identity,
            kernel: spec.kernelFrom ? undefined : spec.kernel,
          }),
    identity: (results) => detect(results).identity,
    hasSnapshots: (results) => detect(results).loaded.flavor.snapshot !== undefined,
    explain: (error, results) => {
      const { loaded, distribution, target } = detect(results);
      return explainMissingPackage(error, {
        ...{ loaded, target, kernel: spec.kernel, packages: spec.packages },
        distribution: `${distribution.name} ${distribution.release}`,
      });
    },
  };
}

/** The policy that is baked into the image. @throws FactoryError `usage` when it cannot be, or nothing would enforce it */
function upgradePolicy({ trust, framework }: BuildSpec): readonly PolicyFile[] | undefined {
  if (trust?.upgrade === undefined) return undefined;
  if (framework.name === 'builtin') return renderPolicy(trust.upgrade);
  throw new FactoryError('usage', "upstream's agent does not read the policy of trust.upgrade", {
    remedy: 'Use the builtin framework, or take trust.upgrade out.',
  });
}

function identityOf(spec: BuildSpec, { name, release }: Distribution, family: string): ImageIdentity {
  return {
    flavor: name,
    flavorRelease: release,
    family,
    variant: spec.variant,
    arch: spec.arch,
    model: spec.model,
    version: spec.version,
    ...(spec.kubernetes
      ? { software: { prefix: spec.kubernetes.distribution, version: spec.kubernetes.version } }
      : {}),
  };
}

function noShell(spec: BuildSpec): FactoryError {
  return new FactoryError(
    'usage',
    `${spec.base ?? 'the base'} has no /bin/sh, which the build runs its scripts with`,
    {
      remedy:
        'Use the variant of the image that has a shell, or bring one with a --containerfile (COPY busybox /bin/sh). ' +
        'A root in which nothing is to be installed needs none with --flavor any and --kernel-from.',
    },
  );
}
