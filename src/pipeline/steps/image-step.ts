import { randomUUID } from 'node:crypto';
import { chmodSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { importBase } from '../../base/import-base.ts';
import { formatReference, type Reference } from '../../base/reference.ts';
import { contextEntries } from '../../context/build-context.ts';
import { directoryEntries, packContext } from '../../context/context-tar.ts';
import type { OpenImage } from '../../engine/container-engine.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import type { Flavor } from '../../flavors/schema.ts';
import { releaseVersion, select } from '../../flavors/select.ts';
import type { ImageIdentity } from '../../layout/kairos-release.ts';
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
export function imageStep(env: BuildEnvironment, spec: BuildSpec, flavor: Flavor): Step {
  const selection = (version: string) =>
    select(
      flavor,
      { arch: spec.arch, releaseVersion: version, variant: spec.variant },
      spec.kernel,
      spec.packages,
    );
  const target = (results: Results) => {
    const { osRelease } = resultOf(results, 'base').facts as unknown as BaseFacts;
    return baseTarget(flavor, osRelease);
  };
  const identity = ({ release }: { release: string }): ImageIdentity => ({
    flavor: flavor.name,
    flavorRelease: release,
    family: flavor.family,
    variant: spec.variant,
    arch: spec.arch,
    model: spec.model,
    version: spec.version,
    ...(spec.kubernetes
      ? { software: { prefix: spec.kubernetes.distribution, version: spec.kubernetes.version } }
      : {}),
  });
  const inputs = async (results: Results) => [
    flavor,
    selection(target(results).version),
    identity(target(results)),
    treeContentDigest(join(env.templates, 'build')),
    treeContentDigest(join(env.templates, 'image')),
    ...(spec.kubernetes ? [treeContentDigest(join(env.templates, 'kubernetes'))] : []),
    await rememberedHash(env.digests, env.agent(spec.arch)),
    spec.overlayRootfs === undefined ? null : treeSignature(spec.overlayRootfs),
    env.epoch,
    env.tool,
    await env.engine.describe(),
  ];
  return {
    id: 'image',
    title: `build OS image ${flavor.name} ${spec.version}`,
    needs: [
      'base',
      ...(spec.kubernetes ? [KUBERNETES_STEP] : []),
      ...(spec.bundles.length > 0 ? [BUNDLES_STEP] : []),
    ],
    inputs,
    isCurrent: (result) => env.engine.has(osImageFacts(result).image),
    run: async (context, results) => {
      const { image: base } = resultOf(results, 'base').facts as unknown as BaseFacts;
      const entries = contextEntries({
        templates: env.templates,
        flavor,
        selection: selection(target(results).version),
        identity: identity(target(results)),
        model: spec.model,
        base,
        epoch: env.epoch,
        overlay: spec.overlayRootfs,
        bundles: spec.bundles.length > 0 ? takenBundles(results) : [],
        kubernetes: spec.kubernetes && { ...spec.kubernetes, files: kubernetesFiles(results) },
        tool: env.tool,
        agent: env.agent(spec.arch),
      });
      const built = `localhost/kairos-factory/built:${randomUUID()}`;
      await env.engine.build(packContext(entries), built, { onStep: context.say, useCache: env.useCache });
      return finish(env, context, built, 'the built image', sealRoot);
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
      if (spec.overlayRootfs === undefined) return finish(env, context, taken, name);
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

/** The facts of an image step's result. */
export function osImageFacts(result: StepResult): OsImageFacts {
  return result.facts as unknown as OsImageFacts;
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

/** What the base says of itself, as far as packages and names depend on it. @throws FactoryError `usage` for another distribution */
function baseTarget(
  flavor: Flavor,
  osRelease: Readonly<Record<string, string>>,
): { release: string; version: string } {
  const id = osRelease['ID'] ?? '';
  if (id !== flavor['os-release-id']) {
    throw new FactoryError('usage', `the base is "${id}", which is not what flavor ${flavor.name} is for`, {
      remedy: `Use a base whose /etc/os-release says ID=${flavor['os-release-id']}, or another --flavor.`,
    });
  }
  const version = osRelease['VERSION_ID'];
  if (version !== undefined) return { release: version, version };
  // Rolling releases tell only their code name, Debian's as "trixie/sid".
  const codename = (osRelease['VERSION_CODENAME'] ?? '').split('/').at(-1) ?? '';
  const rolling = Object.hasOwn(flavor.releases, codename)
    ? codename
    : (flavor['rolling-release'] ?? codename);
  return { release: rolling, version: releaseVersion(flavor, rolling) };
}
