import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { hashFile } from '../../../common/files/digest.ts';
import { formatImageReference } from '../../../common/oci/registry/image-reference.ts';
import { chooseBase, type FlavorChoice } from '../../catalog/flavors/choose.ts';
import { flavorChain } from '../../catalog/flavors/load.ts';
import { type BaseReference, formatBaseReference, parseBaseReference } from '../../config/base-reference.ts';
import type { ArtifactsSpec, BuildSpec, UserContainerfile } from '../../config/schema.ts';
import { userContextEntries } from '../../image/context/user-context.ts';
import { publicReference, publicUrl } from '../../inspect/provenance/public-parameters.ts';
import type { Resource } from '../../inspect/provenance/statement.ts';
import type { BuildEnvironment, ReferenceEnvironment } from '../build-environment.ts';
import { rememberedHash, treeContentDigest } from '../digests.ts';
import { fileOf, type Results, resultOf } from '../step.ts';
import { BASE_STEP } from './base-facts.ts';
import { fingerprint } from './fingerprint.ts';
import { FRAMEWORK_STEP } from './framework-step.ts';
import { KUBERNETES_STEP } from './kubernetes-step.ts';

/** Everything that a build's OS image and artifacts are made from, each by its digest. */
export async function buildResources(
  env: ReferenceEnvironment & Pick<BuildEnvironment, 'agent' | 'flavors' | 'models' | 'templates'>,
  spec: BuildSpec,
  choice: FlavorChoice,
  results: Results,
): Promise<Resource[]> {
  const base = chooseBase(choice.named, spec);
  const { osRelease, archive } = resultOf(results, BASE_STEP).facts;
  const { loaded } = choice.forBase(osRelease);
  const { flavor } = loaded;
  const program = env.agent(spec.arch, flavor.libc);
  const image = (role: string, text: string) =>
    imageResource(env, role, parseBaseReference(text, '/'), spec.arch);
  return [
    ...(base.kind === 'reference' ? [await image('base', base.reference)] : []),
    ...(archive?.indexes ?? []).map(({ url, sha256 }) => ({
      name: 'package archive',
      uri: publicUrl(url),
      digest: { sha256 },
    })),
    ...(await flavorFiles(env, spec.flavor ?? flavor.name)),
    { name: 'model', ...(await file(join(env.models, `${spec.model}.yaml`))) },
    ...['build', 'image', 'kubernetes'].map((part) =>
      tree(`framework: templates/${part}`, join(env.templates, part)),
    ),
    { name: 'agent', digest: { sha256: await rememberedHash(env.digests, program) } },
    ...(spec.kernelFrom === undefined ? [] : [await image('kernel', spec.kernelFrom)]),
    ...(await framework(env, spec, results)),
    ...(await Promise.all(spec.bundles.map((bundle) => image('bundle', bundle.image)))),
    ...kubernetes(spec, results),
    ...(await containerfile(spec)),
    ...(await upgradeKeys(spec)),
    ...(await ownFiles(spec)),
  ];
}

/** The same for artifacts of a ready image. */
export async function readyResources(
  env: ReferenceEnvironment,
  spec: ArtifactsSpec,
  image: BaseReference,
  arch: string,
): Promise<Resource[]> {
  return [await imageResource(env, 'OS image', image, arch), ...(await ownFiles(spec))];
}

/** What a person gives besides images: each by its content. */
async function ownFiles({ cloudConfig, overlayRootfs, overlayIso }: ArtifactsSpec): Promise<Resource[]> {
  return [
    ...(cloudConfig === undefined ? [] : [{ name: 'cloud-config', ...(await file(cloudConfig)) }]),
    ...(overlayRootfs === undefined ? [] : [tree('overlay-rootfs', overlayRootfs)]),
    ...(overlayIso === undefined ? [] : [tree('overlay-iso', overlayIso)]),
  ];
}

async function imageResource(
  env: ReferenceEnvironment,
  name: string,
  reference: BaseReference,
  arch: string,
): Promise<Resource> {
  const uri = publicReference(formatBaseReference(reference));
  switch (reference.kind) {
    case 'docker': {
      const { digest, manifest } = await env.images.pin(reference.image, arch);
      return {
        ...{ name, uri: `oci://${formatImageReference(reference.image)}` },
        digest: { sha256: hex(manifest) },
        ...(digest === manifest ? {} : { annotations: { index: digest } }),
      };
    }
    case 'dir':
      return { ...tree(name, reference.path), uri };
    case 'docker-daemon':
      return { name, uri, digest: { sha256: hex(await fingerprint(env, reference, arch)) } };
    case 'oci':
      return { name, uri, ...(await file(join(reference.path, 'index.json'))) };
    case 'bootstrap':
      return { name, uri };
    default:
      return { name, uri, digest: { sha256: await rememberedHash(env.digests, reference.path) } };
  }
}

async function flavorFiles(env: Pick<BuildEnvironment, 'flavors'>, reference: string): Promise<Resource[]> {
  const chain = await flavorChain(env.flavors, reference);
  return Promise.all(
    chain.map(async ({ name }) => ({ name: 'flavor', uri: basename(name), ...(await file(name)) })),
  );
}

async function framework(env: ReferenceEnvironment, spec: BuildSpec, results: Results): Promise<Resource[]> {
  if (spec.framework.name === 'builtin') return [];
  const { source } = spec.framework;
  const program = { name: 'kairos-init', ...(await file(fileOf(results, FRAMEWORK_STEP.id, 'program'))) };
  if (isAbsolute(source)) return [program];
  return [program, await imageResource(env, 'kairos-init image', parseBaseReference(source, '/'), spec.arch)];
}

function kubernetes(spec: BuildSpec, results: Results): Resource[] {
  if (spec.kubernetes === undefined) return [];
  const { files } = resultOf(results, KUBERNETES_STEP).facts;
  return files.map(({ role, name, sha256 }) => ({
    name: `kubernetes ${role}`,
    uri: name,
    digest: { sha256 },
  }));
}

async function containerfile({ containerfile }: BuildSpec): Promise<Resource[]> {
  if (containerfile === undefined) return [];
  return [
    { name: 'containerfile', ...(await file(containerfile.file)) },
    { name: 'containerfile context', digest: { sha256: contextDigest(containerfile) } },
  ];
}

/** The keys of the policy that is in the image. */
function upgradeKeys({ trust }: BuildSpec): Promise<Resource[]> {
  const keys = (trust?.upgrade ?? []).flatMap((rule) => rule.keys);
  return Promise.all(
    keys.map(async (key) => ({ name: 'key of trust.upgrade', uri: basename(key), ...(await file(key)) })),
  );
}

/** The files that its `COPY` can reach, as `treeContentDigest` has them. */
function contextDigest(containerfile: UserContainerfile): string {
  const hash = createHash('sha256');
  for (const entry of userContextEntries(containerfile)) {
    hash.update(`${entry.path}\0${entry.type === 'file' ? entry.mode : entry.type}\0`);
    if (entry.type === 'file') hash.update(readFileSync(entry.source));
  }
  return hash.digest('hex');
}

async function file(path: string): Promise<Pick<Resource, 'digest'>> {
  return { digest: { sha256: await hashFile(path) } };
}

/** A tree by names, modes and contents of what is in it; docs/sbom.md tells how to compute it. */
function tree(name: string, path: string): Resource {
  return { name, digest: { sha256: treeContentDigest(path) }, annotations: { content: 'tree' } };
}

function hex(digest: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(digest)
    ? digest.slice('sha256:'.length)
    : createHash('sha256').update(digest).digest('hex');
}
