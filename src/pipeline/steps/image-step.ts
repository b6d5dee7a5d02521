import { randomUUID } from 'node:crypto';
import { chmodSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { readyArch } from '../../base/check-arch.ts';
import { importBase } from '../../base/import-base.ts';
import { formatReference, type Reference } from '../../base/reference.ts';
import { contextEntries } from '../../context/build-context.ts';
import { directoryEntries, packContext } from '../../context/context-tar.ts';
import type { OpenImage } from '../../engine/container-engine.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import { borrowedNotice, type FlavorChoice } from '../../flavors/choose.ts';
import type { Distribution } from '../../flavors/detect.ts';
import { explainMissingPackage } from '../../flavors/missing-package.ts';
import { select } from '../../flavors/select.ts';
import { ARCHES, type Arch } from '../../layout/architectures.ts';
import type { ImageIdentity } from '../../layout/kairos-release.ts';
import { resolveBoard } from '../../models/board.ts';
import type { Model } from '../../models/schema.ts';
import type { ImageFacts } from '../../rootfs/image-facts.ts';
import { inspectImage } from '../../rootfs/inspect.ts';
import { sealRoot } from '../../rootfs/seal.ts';
import type { ArtifactsSpec, BuildSpec } from '../../spec/schema.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { rememberedHash, treeContentDigest, treeSignature } from '../digests.ts';
import { type Results, resultOf, type Step, type StepContext, type StepResult } from '../step.ts';
import { type BaseFacts, fingerprint } from './base-step.ts';
import { BUNDLES_STEP, takenBundles } from './bundles-step.ts';
import { KUBERNETES_STEP, kubernetesFiles } from './kubernetes-step.ts';

/** Facts that the image step leaves. */
export interface OsImageFacts {
  /** Name in the engine. */
  readonly image: string;
  readonly facts: ImageFacts;
}

/** Builds the OS image: base and framework through the engine, sealed and checked. */
export function imageStep(env: BuildEnvironment, spec: BuildSpec, choice: FlavorChoice, model: Model): Step {
  const detect = (results: Results) => {
    const { osRelease } = resultOf(results, 'base').facts as unknown as BaseFacts;
    const detected = choice.forBase(osRelease);
    const { loaded, distribution } = detected;
    const target = { arch: spec.arch, releaseVersion: distribution.version, variant: spec.variant };
    const board = resolveBoard(model, loaded.flavor, target);
    const packages = [...board.packages, ...spec.packages];
    const selection = select(board.flavor, target, spec.kernel, packages);
    const identity = identityOf(spec, distribution, loaded.flavor.family);
    return { detected, loaded, distribution, target, board, selection, identity };
  };
  const inputs = async (results: Results) => {
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
      env.epoch,
      env.tool,
      // Not the engine: all give the same tree, and `isCurrent` knows in whose store an image is.
    ];
  };
  return {
    id: 'image',
    title: ['build OS image', choice.named?.flavor.name, spec.version].filter(Boolean).join(' '),
    needs: [
      'base',
      ...(spec.kubernetes ? [KUBERNETES_STEP] : []),
      ...(spec.bundles.length > 0 ? [BUNDLES_STEP] : []),
    ],
    inputs,
    isCurrent: (result) => env.engine.has(osImageFacts(result).image),
    run: async (context, results) => {
      const { image: base } = resultOf(results, 'base').facts as unknown as BaseFacts;
      const { detected, loaded, distribution, target, board, selection, identity } = detect(results);
      const notice = borrowedNotice(detected);
      if (notice !== undefined) context.notice(notice);
      const entries = contextEntries({
        templates: env.templates,
        flavor: loaded.flavor,
        selection,
        identity,
        board,
        base,
        epoch: env.epoch,
        overlay: spec.overlayRootfs,
        bundles: spec.bundles.length > 0 ? takenBundles(results) : [],
        kubernetes: spec.kubernetes && { ...spec.kubernetes, files: kubernetesFiles(results) },
        tool: env.tool,
        agent: env.agent(spec.arch, loaded.flavor.libc),
      });
      const built = `localhost/kairos-factory/built:${randomUUID()}`;
      await buildImage(env, context, entries, built, spec.arch).catch((error: unknown) => {
        throw explainMissingPackage(error, {
          ...{ loaded, target, kernel: spec.kernel, packages: spec.packages },
          distribution: `${distribution.name} ${distribution.release}`,
        });
      });
      return finish(env, context, built, 'the built image', sealRoot);
    },
  };
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

/** Takes a ready OS image into the engine, with the overlay laid over it, and checks it. */
export function readyImageStep(env: BuildEnvironment, spec: ArtifactsSpec, reference: Reference): Step {
  if (reference.kind === 'bootstrap') {
    throw new FactoryError('usage', 'a bootstrapped root is not an OS image yet', {
      remedy: 'Use "kairos-factory build --base bootstrap:…".',
    });
  }
  const name = formatReference(reference);
  return {
    id: 'image',
    title: `import OS image ${name}`,
    needs: [],
    inputs: async () => [
      await fingerprint(env, reference, await readyArch(reference)),
      spec.overlayRootfs === undefined ? null : treeSignature(spec.overlayRootfs),
    ],
    isCurrent: (result) => env.engine.has(osImageFacts(result).image),
    run: async (context) => {
      const taken = `localhost/kairos-factory/taken:${randomUUID()}`;
      await using _taken = await env.engine.transient(taken);
      const arch = await readyArch(reference);
      await importBase(reference, taken, {
        ...context,
        engine: env.engine,
        images: env.images,
        daemon: env.daemon,
        arch,
      });
      if (spec.overlayRootfs === undefined) return await finish(env, context, taken, name);
      const containerfile = {
        type: 'text',
        path: 'Containerfile',
        text: `FROM ${taken}\nCOPY overlay/ /\n`,
        mode: 0o644,
      } as const;
      const entries = [containerfile, ...directoryEntries(spec.overlayRootfs, 'overlay')];
      await buildImage(env, context, entries, taken, arch);
      return await finish(env, context, taken, name);
    },
  };
}

/**
 * Opens the OS image for reading. The root directory itself gets its mode and time anew: engines do not keep them.
 */
export async function openOsImage(env: BuildEnvironment, results: Results): Promise<OpenImage> {
  const { image, facts } = osImageFacts(resultOf(results, 'image'));
  const open = await env.engine.open(image);
  chmodSync(open.root, 0o755);
  utimesSync(open.root, facts.epoch, facts.epoch);
  return open;
}

/** The architecture of an OS image that passed its checks. @throws RangeError for another, which they do not let pass */
export function imageArch(facts: ImageFacts): Arch {
  const found = ARCHES.find((arch) => arch === facts.release['KAIROS_ARCH']);
  if (found === undefined) throw new RangeError(`an OS image for ${facts.release['KAIROS_ARCH']}`);
  return found;
}

/** The facts of an image step's result. */
export function osImageFacts(result: StepResult): OsImageFacts {
  return result.facts as unknown as OsImageFacts;
}

async function buildImage(
  { engine, useCache, offline }: BuildEnvironment,
  context: StepContext,
  entries: Parameters<typeof packContext>[0],
  image: string,
  arch: string,
): Promise<void> {
  try {
    await engine.build(packContext(entries), image, { onStep: context.say, useCache, offline, arch });
  } catch (error) {
    if (!offline || !(error instanceof FactoryError) || error.kind !== 'step') throw error;
    throw new FactoryError('step', 'it wants a network, and --offline gives it none', {
      details: error.details,
      remedy:
        'What it wanted to fetch is in its last lines. Run the same command once without --offline, where there is a network.',
      cause: error,
    });
  }
}

async function finish(
  env: BuildEnvironment,
  context: StepContext,
  built: string,
  name: string,
  seal?: (root: string) => Promise<number>,
): Promise<Omit<StepResult, 'digest'>> {
  const image = `localhost/kairos-factory/os:${randomUUID()}`;
  await using open = await env.engine.open(built);
  context.say('sealing and checking the image');
  await seal?.(open.root);
  const facts = await inspectImage(open.root, name, context.notice);
  await open.commit(image);
  const result: OsImageFacts = { image, facts };
  return { facts: { ...result }, files: {} };
}
