import { randomUUID } from 'node:crypto';
import { chmodSync, statSync, utimesSync } from 'node:fs';
import { ARCHES, type Arch } from '../../../common/contract/architectures.ts';
import type { ImageFacts } from '../../../common/contract/image-facts.ts';
import { inspectImage } from '../../../common/contract/inspect-root.ts';
import { type ImageIdentity, identityFrom } from '../../../common/contract/kairos-release.ts';
import { EPOCH_FILE } from '../../../common/contract/system-layout.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import type { FlavorChoice } from '../../catalog/flavors/choose.ts';
import type { Model } from '../../catalog/models/schema.ts';
import { type BaseReference, formatBaseReference } from '../../config/base-reference.ts';
import type { ArtifactsSpec, BuildSpec, UserContainerfile } from '../../config/schema.ts';
import type { OpenImage } from '../../engine/container-engine.ts';
import { contextEntries } from '../../image/context/build-context.ts';
import { directoryEntries, packContext } from '../../image/context/context-tar.ts';
import { refusePulls } from '../../image/context/user-containerfile.ts';
import { sealRoot } from '../../image/root/seal.ts';
import { readyArch } from '../../inputs/base/check-arch.ts';
import { importBase } from '../../inputs/base/import-base.ts';
import type { LockedPackages } from '../../inputs/lock/lock-file.ts';
import { comparePackages, type PackageVersions } from '../../inputs/lock/package-changes.ts';
import { packageVersions, requireLockedPackages, requireSamePackages } from '../../inputs/lock/packages.ts';
import { readPackages } from '../../packages/read-packages.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { cacheKey } from '../cache.ts';
import { treeSignature } from '../digests.ts';
import { type Results, resultOf, type Step, type StepContext, type StepResult } from '../step.ts';
import { fingerprint } from './base-step.ts';
import { containerfileInputs, readContainerfile, userContext } from './containerfile-step.ts';
import { imageRecipe } from './image-recipe.ts';

/** Facts that the image step leaves. */
export interface OsImageFacts {
  /** Name in the engine. */
  readonly image: string;
  readonly facts: ImageFacts;
  /** Version of each package, and under which name a lock has them; absent where nothing was installed. */
  readonly packages?: { readonly lockName: string; readonly installed: PackageVersions };
  /** Whether the versions were those of a lock, and not what the archive has. */
  readonly pinned?: boolean;
}

/** Builds the OS image: base and framework through the engine, sealed and checked. */
export function imageStep(env: BuildEnvironment, spec: BuildSpec, choice: FlavorChoice, model: Model): Step {
  const recipe = imageRecipe(env, spec, choice, model);
  const after = spec.containerfile?.stage === 'after' ? spec.containerfile : undefined;
  if (after !== undefined) refusePulls(after.file, readContainerfile(after));
  const inputs: Step['inputs'] = async (results) => [
    ...(await recipe.inputs(results)),
    after === undefined ? null : containerfileInputs(after),
  ];
  const lockedOf = (identity: ImageIdentity): LockedPackages | undefined => {
    const name = env.locked ? recipe.lockName(identity) : undefined;
    return name === undefined ? undefined : requireLockedPackages(spec.lockFile, name);
  };
  return {
    id: 'image',
    title: ['build OS image', choice.named?.flavor.name, spec.version].filter(Boolean).join(' '),
    needs: recipe.needs,
    // Not the engine: all give the same tree, and `isCurrent` knows in whose store an image is. Not the lock: an image that
    // has its packages is the right one, whichever way it came by them.
    inputs: async (results) => {
      lockedOf(recipe.identity(results));
      return inputs(results);
    },
    isCurrent: async (result) => {
      const { image, facts, packages, pinned } = osImageFacts(result);
      if (!(await env.engine.has(image))) return false;
      const locked = lockedOf(identityFrom(new Map(Object.entries(facts.release))));
      if (locked === undefined) return pinned !== true;
      return comparePackages(locked.installed, packages?.installed ?? {}).length === 0;
    },
    run: async (context, results) => {
      const identity = recipe.identity(results);
      const locked = lockedOf(identity);
      const entries = contextEntries({
        ...recipe.options(results, context.notice),
        ...(locked === undefined ? {} : { pins: locked.installed }),
      });
      const built = `localhost/kairos-factory/built:${randomUUID()}`;
      // A name of its own is wanted only where a second Containerfile begins with it.
      await using _built = after === undefined ? undefined : await env.engine.transient(built);
      const options = { arch: spec.arch, isBase: after !== undefined };
      await buildImage(env, context, entries, built, options).catch((error: unknown) => {
        throw recipe.explain(error, results);
      });
      const lockName = recipe.lockName(identity);
      const packagesOf = async (root: string): Promise<Partial<OsImageFacts>> => {
        if (lockName === undefined) return {};
        const installed = packageVersions(await readPackages(root));
        if (locked !== undefined)
          requireSamePackages(lockName, locked, installed, recipe.hasSnapshots(results));
        return { packages: { lockName, installed }, ...(locked === undefined ? {} : { pinned: true }) };
      };
      const result =
        after === undefined
          ? await finish(env, context, built, 'the built image', sealRoot, packagesOf)
          : await changeImage(after, built, packagesOf);
      if (locked === undefined) return result;
      // The same key may stand for other packages, so this result is told from others by more than its key.
      const needs = recipe.needs.map((id) => [id, resultOf(results, id).digest] as const);
      return { ...result, digest: cacheKey('image', [await inputs(results), locked.installed], needs) };

      async function changeImage(file: UserContainerfile, from: string, more: typeof packagesOf) {
        const changed = `localhost/kairos-factory/changed:${randomUUID()}`;
        await buildImage(env, context, userContext(file, from), changed, { arch: spec.arch });
        const name = `the built image, changed by ${file.file},`;
        return finish(env, context, changed, name, sealRoot, more);
      }
    },
  };
}

/** Takes a ready OS image into the engine, with the overlay laid over it, and checks it. */
export function readyImageStep(env: BuildEnvironment, spec: ArtifactsSpec, reference: BaseReference): Step {
  if (reference.kind === 'bootstrap') {
    throw new FactoryError('usage', 'a bootstrapped root is not an OS image yet', {
      remedy: 'Use "kairos-factory build --base bootstrap:…".',
    });
  }
  const name = formatBaseReference(reference);
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
      if (spec.overlayRootfs === undefined) return await finish(env, context, taken, name, sealOwn);
      const containerfile = {
        type: 'text',
        path: 'Containerfile',
        text: `FROM ${taken}\nCOPY overlay/ /\n`,
        mode: 0o644,
      } as const;
      const entries = [containerfile, ...directoryEntries(spec.overlayRootfs, 'overlay')];
      await buildImage(env, context, entries, taken, { arch });
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
  // All at once, and only where it is not so yet: another step may be reading the same tree, and tar fails when what it
  // reads changes.
  const { mode, mtimeMs } = statSync(open.root);
  if ((mode & 0o7777) !== 0o755 || mtimeMs !== facts.epoch * 1000) {
    chmodSync(open.root, 0o755);
    utimesSync(open.root, facts.epoch, facts.epoch);
  }
  return open;
}

/** The architecture of an OS image that passed its checks. @throws RangeError for another, which they do not let pass */
export function imageArch(facts: ImageFacts): Arch {
  const found = ARCHES.find((arch) => arch === facts.release['KAIROS_ARCH']);
  if (found === undefined) throw new RangeError(`an OS image for ${facts.release['KAIROS_ARCH']}`);
  return found;
}

/**
 * Seals an image that the Containerfile of this tool made in another builder: what `build` does after its engine could not
 * be done there. An image that was sealed before stays as it is; one of other make is not ours to change.
 */
async function sealOwn(root: string): Promise<unknown> {
  return (await resolveInRoot(root, EPOCH_FILE)) === undefined ? undefined : sealRoot(root);
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
  { arch, isBase = false }: { readonly arch: string; readonly isBase?: boolean },
): Promise<void> {
  try {
    await engine.build(packContext(entries), image, { onStep: context.say, useCache, offline, arch, isBase });
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
  seal?: (root: string) => Promise<unknown>,
  more?: (root: string) => Promise<Partial<OsImageFacts>>,
): Promise<Omit<StepResult, 'digest'>> {
  const image = `localhost/kairos-factory/os:${randomUUID()}`;
  await using open = await env.engine.open(built);
  context.say('sealing and checking the image');
  await seal?.(open.root);
  const facts = await inspectImage(open.root, name, context.notice);
  const packages = await more?.(open.root);
  await open.commit(image);
  const result: OsImageFacts = { image, facts, ...packages };
  return { facts: { ...result }, files: {} };
}
