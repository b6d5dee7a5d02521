import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { identityFrom } from '../../../common/contract/kairos-release.ts';
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
import { fileOf, type Results, resultOf, type Step } from '../step.ts';
import { imageArch, openOsImage, osImageFacts } from './image-step.ts';

/** Id of the step that makes an artifact. */
export function artifactStepId(kind: ArtifactKind): string {
  return `artifact:${kind}`;
}

/**
 * Makes an artifact and puts it whole into the output directory.
 * @param gates ids of the steps that may refuse the image: nothing is put in place before they have passed
 */
export function artifactStep(
  env: BuildEnvironment,
  spec: ArtifactsSpec,
  kind: ArtifactKind,
  gates: readonly string[],
): Step {
  const artifact = ARTIFACTS[kind];
  return {
    id: artifactStepId(kind),
    title: `make ${kind}`,
    // Names and times come from the image, whatever else the artifact is made from.
    needs: [...new Set(['image', ...artifact.needs, ...gates])],
    tools: artifact.tools,
    inputs: async () => [
      spec.output,
      artifact.inputs(spec, await specDigests(spec)),
      await Promise.all(artifact.tools.map((tool) => checkTool(env.runner, tool))),
      kind === 'iso' ? [treeContentDigest(join(env.templates, 'iso')), treeContentDigest(env.models)] : null,
    ],
    run: async (context, results) => {
      const { facts } = osImageFacts(resultOf(results, 'image'));
      const name = `${artifactBaseName(identityFrom(new Map(Object.entries(facts.release))))}${artifact.extension}`;
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
    isCurrent: async (result) => {
      const now = await identityOf(kind, result.files['artifact'] ?? '').catch(() => undefined);
      return now !== undefined && isSameFile(now, String(result.facts['identity']));
    },
  };
}

/** Of an image layout, its directory and its index. */
function identityOf(kind: ArtifactKind, file: string): Promise<string> {
  return fileIdentity(kind === 'oci' ? [file, join(file, 'index.json')] : [file]);
}

/** Hashes a finished artifact; beside the steps that still run. */
export function checksumStep(kind: ArtifactKind, signal: AbortSignal): Step {
  const id = artifactStepId(kind);
  return {
    id: `checksum:${kind}`,
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
  };
}

async function artifactInputs(
  env: BuildEnvironment,
  spec: ArtifactsSpec,
  artifact: Artifact,
  results: Results,
): Promise<ArtifactInputs> {
  const { facts } = osImageFacts(resultOf(results, 'image'));
  const arch = imageArch(facts);
  const model = await imageModel(env, facts.release['KAIROS_MODEL']);
  const optionalFile = (step: string, name: string) => resultOf(results, step).files[name];
  return {
    facts,
    file: (step: string, name: string) => fileOf(results, step, name),
    optionalFile: (step: string, name: string) =>
      artifact.needs.includes(step) ? optionalFile(step, name) : undefined,
    openRoot: () => openOsImage(env, results),
    spec,
    arch,
    board: { consoles: serialConsoles(model, arch), arguments: model.arguments },
    templates: env.templates,
  };
}

/** The model of an image; one that was made elsewhere may be of a board that we do not know. */
async function imageModel(env: BuildEnvironment, name = 'generic'): Promise<Model> {
  const known = await listModels(env.models);
  return loadModel(env.models, known.includes(name) ? name : 'generic');
}

async function specDigests(spec: ArtifactsSpec): Promise<SpecDigests> {
  return {
    ...(spec.cloudConfig === undefined ? {} : { cloudConfig: await hashFile(spec.cloudConfig) }),
    ...(spec.overlayIso === undefined ? {} : { overlayIso: treeSignature(spec.overlayIso) }),
  };
}
