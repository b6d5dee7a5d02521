import { randomUUID } from 'node:crypto';
import { chmodSync, utimesSync } from 'node:fs';
import { importBase } from '../../base/import-base.ts';
import { formatReference, type Reference } from '../../base/reference.ts';
import { contextEntries } from '../../context/build-context.ts';
import { directoryEntries, packContext } from '../../context/context-tar.ts';
import { refusePulls } from '../../context/user-containerfile.ts';
import type { OpenImage } from '../../engine/container-engine.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import type { Flavor } from '../../flavors/schema.ts';
import type { ImageFacts } from '../../rootfs/image-facts.ts';
import { inspectImage } from '../../rootfs/inspect.ts';
import { resolveInRoot } from '../../rootfs/resolve-path.ts';
import { EPOCH_FILE, sealRoot } from '../../rootfs/seal.ts';
import type { ArtifactsSpec, BuildSpec } from '../../spec/schema.ts';
import type { BuildEnvironment } from '../build-environment.ts';
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
}

/** Builds the OS image: base and framework through the engine, sealed and checked. */
export function imageStep(env: BuildEnvironment, spec: BuildSpec, flavor: Flavor): Step {
  const recipe = imageRecipe(env, spec, flavor);
  const after = spec.containerfile?.stage === 'after' ? spec.containerfile : undefined;
  if (after !== undefined) refusePulls(after.file, readContainerfile(after));
  return {
    id: 'image',
    title: `build OS image ${flavor.name} ${spec.version}`,
    needs: recipe.needs,
    inputs: async (results) => [
      ...(await recipe.inputs(results)),
      after === undefined ? null : containerfileInputs(after),
      await env.engine.describe(),
    ],
    isCurrent: (result) => env.engine.has(osImageFacts(result).image),
    run: async (context, results) => {
      const entries = contextEntries(recipe.options(results, context.notice));
      const built = `localhost/kairos-factory/built:${process.pid}`;
      const building = { onStep: context.say, useCache: env.useCache };
      await env.engine.build(packContext(entries), built, building);
      if (after === undefined) return finish(env, context, built, 'the built image', sealRoot);
      const changed = `localhost/kairos-factory/changed:${process.pid}`;
      await env.engine.build(packContext(userContext(after, built)), changed, building);
      return finish(env, context, changed, `the built image, changed by ${after.file},`, sealRoot);
    },
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
      await fingerprint(env, reference),
      spec.overlayRootfs === undefined ? null : treeSignature(spec.overlayRootfs),
      await env.engine.describe(),
    ],
    isCurrent: (result) => env.engine.has(osImageFacts(result).image),
    run: async (context) => {
      const taken = `localhost/kairos-factory/taken:${process.pid}`;
      await importBase(reference, taken, { ...context, engine: env.engine, arch: 'amd64' });
      if (spec.overlayRootfs === undefined) return finish(env, context, taken, name, sealOwn);
      const containerfile = {
        type: 'text',
        path: 'Containerfile',
        text: `FROM ${taken}\nCOPY overlay/ /\n`,
        mode: 0o644,
      } as const;
      const entries = [containerfile, ...directoryEntries(spec.overlayRootfs, 'overlay')];
      await env.engine.build(packContext(entries), taken, { onStep: context.say, useCache: env.useCache });
      return finish(env, context, taken, name);
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

async function finish(
  env: BuildEnvironment,
  context: StepContext,
  built: string,
  name: string,
  seal?: (root: string) => Promise<unknown>,
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
