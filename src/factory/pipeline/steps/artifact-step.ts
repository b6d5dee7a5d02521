import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { hashFile } from '../../../common/files/digest.ts';
import { fileIdentity, isSameFile } from '../../../common/files/file-identity.ts';
import { putInPlace } from '../../../common/files/output-file.ts';
import type { Artifact, ArtifactInputs, SpecDigests } from '../../artifacts/artifact.ts';
import { ARTIFACTS } from '../../artifacts/registry.ts';
import { serialConsoles } from '../../catalog/models/board.ts';
import { listModels, loadModel } from '../../catalog/models/load.ts';
import type { Model } from '../../catalog/models/schema.ts';
import type { ArtifactKind, ArtifactsSpec } from '../../config/schema.ts';
import { checkTool } from '../../tools/check-tool.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { treeContentDigest, treeSignature } from '../digests.ts';
import { defineStep, fileOf, optionalFileOf, type Results, type Step } from '../step.ts';
import { artifactKey, checksumKey } from './artifact-keys.ts';
import { imageArch, openOsImage } from './open-os-image.ts';
import { IMAGE_STEP, imageIdentity, osImageFacts } from './os-image-facts.ts';

/** Options of {@link artifactStep}. */
export interface ArtifactStepOptions {
  readonly kind: ArtifactKind;
  /** Ids of the steps that can refuse the image: no artifact is put in place before they pass. */
  readonly gates: readonly string[];
}

/**
 * The step that creates an artifact and moves the complete artifact into the output directory.
 */
export function artifactStep(
  env: Pick<BuildEnvironment, 'engine' | 'runner' | 'models' | 'templates' | 'partial'>,
  spec: ArtifactsSpec,
  { kind, gates }: ArtifactStepOptions,
): Step {
  const artifact = ARTIFACTS[kind];
  return defineStep(artifactKey(kind), {
    title: `make ${kind}`,
    // Every artifact needs the image for its file name and time.
    needs: [...new Set([IMAGE_STEP.id, ...artifact.needs, ...gates])],
    tools: artifact.tools,
    inputs: async () => [
      spec.output,
      artifact.inputs(spec, await specDigests(spec)),
      await Promise.all(artifact.tools.map((tool) => checkTool(env.runner, tool))),
      kind === 'iso' ? [treeContentDigest(join(env.templates, 'iso')), treeContentDigest(env.models)] : null,
    ],
    run: async (context, results) => {
      const { facts } = osImageFacts(results);
      const name = `${artifactBaseName(imageIdentity(facts))}${artifact.extension}`;
      const partial = env.partial(name);
      if (kind === 'oci') await mkdir(partial);
      const artifactInput = await artifactInputs(env, { spec, artifact, results });
      await artifact.make(artifactInput, { ...context, output: partial });
      const final = join(spec.output, name);
      await putInPlace(partial, final, facts.epoch);
      const identity = await identityOf(kind, final);
      // The digest identifies this file instead of the cache key: a rebuilt artifact gets a new checksum, and later steps run again.
      return { facts: { identity }, files: { artifact: final }, digest: identity };
    },
    isCurrent: async ({ facts, files }) => {
      const now = await identityOf(kind, files['artifact'] ?? '').catch(() => undefined);
      return now !== undefined && isSameFile(now, facts.identity);
    },
  });
}

/** The identity of an artifact; for an image layout, of its directory and its index. */
function identityOf(kind: ArtifactKind, file: string): Promise<string> {
  return fileIdentity(kind === 'oci' ? [file, join(file, 'index.json')] : [file]);
}

/** The step that hashes an artifact, while other steps still run. */
export function checksumStep(kind: ArtifactKind, signal: AbortSignal): Step {
  const { id } = artifactKey(kind);
  return defineStep(checksumKey(kind), {
    title: `checksum ${kind}`,
    needs: [id],
    inputs: async () => [],
    run: async (_context, results) => {
      const file = fileOf(results, id, 'artifact');
      // The index of an image layout pins everything below it by digest.
      const hashed = kind === 'oci' ? join(file, 'index.json') : file;
      const sha256 = await hashFile(hashed, signal);
      // A rebuilt artifact with the same bytes leaves later steps cached.
      return { facts: { file: hashed, sha256, size: (await stat(hashed)).size }, files: {}, digest: sha256 };
    },
  });
}

interface InputSources {
  readonly spec: ArtifactsSpec;
  readonly artifact: Artifact;
  readonly results: Results;
}

async function artifactInputs(
  env: Pick<BuildEnvironment, 'engine' | 'models' | 'templates'>,
  { spec, artifact, results }: InputSources,
): Promise<ArtifactInputs> {
  const { facts } = osImageFacts(results);
  const arch = imageArch(facts);
  const model = await imageModel(env, facts.release['KAIROS_MODEL']);
  return {
    facts,
    file: (step: string, name: string) => fileOf(results, step, name),
    optionalFile: (step: string, name: string) =>
      artifact.needs.includes(step) ? optionalFileOf(results, step, name) : undefined,
    openRoot: () => openOsImage(env, results),
    spec,
    arch,
    board: { consoles: serialConsoles(model, arch), arguments: model.arguments },
    templates: env.templates,
  };
}

/** The model of an image; `generic` for an image from elsewhere with an unknown model. */
async function imageModel(env: Pick<BuildEnvironment, 'models'>, name = 'generic'): Promise<Model> {
  const known = await listModels(env.models);
  return loadModel(env.models, known.includes(name) ? name : 'generic');
}

async function specDigests(spec: ArtifactsSpec): Promise<SpecDigests> {
  return {
    ...(spec.cloudConfig === undefined ? {} : { cloudConfig: await hashFile(spec.cloudConfig) }),
    ...(spec.overlayIso === undefined ? {} : { overlayIso: treeSignature(spec.overlayIso) }),
  };
}
