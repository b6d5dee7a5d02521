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

/**
 * Makes an artifact and puts it whole into the output directory.
 * @param gates ids of the steps that may refuse the image: nothing is put in place before they have passed
 */
export function artifactStep(
  env: Pick<BuildEnvironment, 'engine' | 'runner' | 'models' | 'templates' | 'partial'>,
  spec: ArtifactsSpec,
  kind: ArtifactKind,
  gates: readonly string[],
): Step {
  const artifact = ARTIFACTS[kind];
  return defineStep(artifactKey(kind), {
    title: `make ${kind}`,
    // Names and times come from the image, whatever else the artifact is made from.
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
      const made = await artifactInputs(env, spec, artifact, results);
      await artifact.make(made, { ...context, output: partial });
      const final = join(spec.output, name);
      await putInPlace(partial, final, facts.epoch);
      const identity = await identityOf(kind, final);
      // Not the key but this very file: what was made again has a new checksum, and what is made from it is made again.
      return { facts: { identity }, files: { artifact: final }, digest: identity };
    },
    isCurrent: async ({ facts, files }) => {
      const now = await identityOf(kind, files['artifact'] ?? '').catch(() => undefined);
      return now !== undefined && isSameFile(now, facts.identity);
    },
  });
}

/** Of an image layout, its directory and its index. */
function identityOf(kind: ArtifactKind, file: string): Promise<string> {
  return fileIdentity(kind === 'oci' ? [file, join(file, 'index.json')] : [file]);
}

/** Hashes a finished artifact; beside the steps that still run. */
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
      // What was made again with the same bytes leaves the steps behind it cached.
      return { facts: { file: hashed, sha256, size: (await stat(hashed)).size }, files: {}, digest: sha256 };
    },
  });
}

async function artifactInputs(
  env: Pick<BuildEnvironment, 'engine' | 'models' | 'templates'>,
  spec: ArtifactsSpec,
  artifact: Artifact,
  results: Results,
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

/** The model of an image; one that was made elsewhere may be of a board that we do not know. */
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
