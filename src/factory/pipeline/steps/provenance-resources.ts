import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { chooseBase, type FlavorChoice } from '../../catalog/flavors/choose.ts';
import { flavorChain } from '../../catalog/flavors/load.ts';
import { parseBaseReference } from '../../config/base-reference.ts';
import type { ArtifactsSpec, BuildSpec, UserContainerfile } from '../../config/schema.ts';
import { libcTrees } from '../../image/context/agent-entries.ts';
import { broughtIndex } from '../../image/context/brought-programs.ts';
import { userContextEntries } from '../../image/context/user-context.ts';
import type { ArchiveState } from '../../inputs/base/archive-state.ts';
import { publicUrl } from '../../inspect/provenance/public-parameters.ts';
import type { Resource } from '../../inspect/provenance/statement.ts';
import type { BuildEnvironment, ReferenceEnvironment } from '../build-environment.ts';
import { rememberedHash } from '../digests.ts';
import { fileOf, type Results, resultOf } from '../step.ts';
import { BASE_STEP } from './base-facts.ts';
import { fileContent, type ImageInput, imageResource, treeResource } from './content-resource.ts';
import { FRAMEWORK_STEP } from './framework-step.ts';
import { KERNEL_STEP } from './kernel-step.ts';
import { KUBERNETES_STEP } from './kubernetes-step.ts';

/** Lists all inputs of a build's OS image and artifacts, each with its digest. */
export async function buildResources(
  env: ReferenceEnvironment & Pick<BuildEnvironment, 'agent' | 'flavors' | 'models' | 'templates'>,
  { spec, choice }: { readonly spec: BuildSpec; readonly choice: FlavorChoice },
  results: Results,
): Promise<Resource[]> {
  const base = chooseBase(choice.named, spec);
  const { osRelease, archive } = resultOf(results, BASE_STEP).facts;
  const { loaded } = choice.forBase(osRelease);
  const { flavor } = loaded;
  const program = env.agent(spec.arch);
  const image = (role: string, text: string) =>
    imageResource(env, role, { image: parseBaseReference(text, '/'), arch: spec.arch });
  return [
    ...(base.kind === 'reference' ? [await image('base', base.reference)] : []),
    ...archiveIndexes('package archive', archive),
    ...(await flavorFiles(env, spec.flavor ?? flavor.name)),
    { name: 'model', ...(await fileContent(join(env.models, `${spec.model}.yaml`))) },
    ...['build', 'image', 'kubernetes'].map((part) =>
      treeResource(`framework: templates/${part}`, join(env.templates, part)),
    ),
    { name: 'agent', digest: { sha256: await rememberedHash(env.digests, program) } },
    ...libcTrees(program).map((libc) => treeResource('agent: C library', libc)),
    ...(spec.installPackages && flavor['package-manager'] !== 'none' ? [] : broughtResource(program)),
    ...(await kernelResources(spec, results, image)),
    ...(await framework(env, spec, results)),
    ...(await Promise.all(spec.bundles.map((bundle) => image('bundle', bundle.image)))),
    ...kubernetes(spec, results),
    ...(await containerfile(spec)),
    ...(await hookResources(spec)),
    ...(await upgradeKeys(spec)),
    ...(await ownFiles(spec)),
  ];
}

function archiveIndexes(name: string, archive: ArchiveState | undefined): Resource[] {
  return (archive?.indexes ?? []).map(({ url, sha256 }) => ({
    name,
    uri: publicUrl(url),
    digest: { sha256 },
  }));
}

/** The image that the kernel comes from, or the archive that its root was bootstrapped from. */
async function kernelResources(
  { kernelFrom }: BuildSpec,
  results: Results,
  image: (role: string, text: string) => Promise<Resource>,
): Promise<Resource[]> {
  if (kernelFrom === undefined) return [];
  if (parseBaseReference(kernelFrom, '/').kind !== 'bootstrap') return [await image('kernel', kernelFrom)];
  return archiveIndexes('package archive of the kernel', resultOf(results, KERNEL_STEP).facts.archive);
}

/** Lists all inputs of the artifacts of an existing image. */
export async function readyResources(
  env: ReferenceEnvironment,
  spec: ArtifactsSpec,
  source: ImageInput,
): Promise<Resource[]> {
  return [await imageResource(env, 'OS image', source), ...(await ownFiles(spec))];
}

/** The list of the programs for a base that has none, with the checksums of their packages. */
function broughtResource(agent: string): Resource[] {
  const index = broughtIndex(agent);
  if (index === undefined) return [];
  return [
    { name: 'programs for images', digest: { sha256: createHash('sha256').update(index).digest('hex') } },
  ];
}

/** The user's files, each with the digest of its content. */
async function ownFiles({ cloudConfig, overlayRootfs, overlayIso }: ArtifactsSpec): Promise<Resource[]> {
  return [
    ...(cloudConfig === undefined ? [] : [{ name: 'cloud-config', ...(await fileContent(cloudConfig)) }]),
    ...(overlayRootfs === undefined ? [] : [treeResource('overlay-rootfs', overlayRootfs)]),
    ...(overlayIso === undefined ? [] : [treeResource('overlay-iso', overlayIso)]),
  ];
}

async function flavorFiles(env: Pick<BuildEnvironment, 'flavors'>, reference: string): Promise<Resource[]> {
  const chain = await flavorChain(env.flavors, reference);
  return Promise.all(
    chain.map(async ({ name }) => ({ name: 'flavor', uri: basename(name), ...(await fileContent(name)) })),
  );
}

async function framework(env: ReferenceEnvironment, spec: BuildSpec, results: Results): Promise<Resource[]> {
  if (spec.framework.name === 'builtin') return [];
  const { source } = spec.framework;
  const program = {
    name: 'kairos-init',
    ...(await fileContent(fileOf(results, FRAMEWORK_STEP.id, 'program'))),
  };
  if (isAbsolute(source)) return [program];
  const image = parseBaseReference(source, '/');
  return [program, await imageResource(env, 'kairos-init image', { image, arch: spec.arch })];
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
    { name: 'containerfile', ...(await fileContent(containerfile.file)) },
    { name: 'containerfile context', digest: { sha256: contextDigest(containerfile) } },
  ];
}

/** The hooks of all stages, each with what it reads. */
async function hookResources({ hooks }: BuildSpec): Promise<Resource[]> {
  const found = Object.entries(hooks).flatMap(([stage, ofStage]) =>
    ofStage.flatMap(({ run, inputs }) => [
      hookResource(`hook ${stage}`, run),
      ...inputs.map((input) => hookResource(`input of hook ${stage}`, input)),
    ]),
  );
  return Promise.all(found);
}

async function hookResource(name: string, path: string): Promise<Resource> {
  const described = statSync(path).isDirectory()
    ? treeResource(name, path)
    : { name, ...(await fileContent(path)) };
  return { ...described, uri: basename(path) };
}

/** The keys of the upgrade policy in the image. */
function upgradeKeys({ trust }: BuildSpec): Promise<Resource[]> {
  const keys = (trust?.upgrade ?? []).flatMap((rule) => rule.keys);
  return Promise.all(
    keys.map(async (key) => ({
      name: 'key of trust.upgrade',
      uri: basename(key),
      ...(await fileContent(key)),
    })),
  );
}

/** The digest of the files that `COPY` can reach, in the format of `treeContentDigest`. */
function contextDigest(containerfile: UserContainerfile): string {
  const hash = createHash('sha256');
  for (const entry of userContextEntries(containerfile)) {
    hash.update(`${entry.path}\0${entry.type === 'file' ? entry.mode : entry.type}\0`);
    if (entry.type === 'file') hash.update(readFileSync(entry.source));
  }
  return hash.digest('hex');
}
