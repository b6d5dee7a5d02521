import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { digestOf, hashFile } from '../../../common/files/digest.ts';
import { fileIdentity, isSameFile } from '../../../common/files/file-identity.ts';
import { putInPlace } from '../../../common/files/output-file.ts';
import type { Artifact, ArtifactInputs, SpecDigests } from '../../artifacts/artifact.ts';
import { ARTIFACTS } from '../../artifacts/registry.ts';
import { serialConsoles } from '../../catalog/models/board.ts';
import { listModels, loadModel } from '../../catalog/models/load.ts';
import type { Model } from '../../catalog/models/schema.ts';
import type { ArtifactKind } from '../../config/artifact-kinds.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import { checkTool } from '../../tools/check-tool.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { treeContentDigest, treeSignature } from '../digests.ts';
import {
  defineStep,
  fileOf,
  optionalFileOf,
  type Results,
  resultDigest,
  resultOf,
  type Step,
} from '../step.ts';
import { artifactKey, checksumKey } from './artifact-keys.ts';
import { imageArch, openOsImage } from './open-os-image.ts';
import { IMAGE_STEP, imageIdentity, osImageFacts } from './os-image-facts.ts';

/** Options of {@link artifactStep}. */
export interface ArtifactStepOptions {
  readonly kind: ArtifactKind;
  /** Ids of the steps that can refuse the image: no artifact is put in place before they pass. */
  readonly gates: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * The step that creates an artifact and moves the complete artifact into the output directory.
 */
export function artifactStep(
  env: Pick<BuildEnvironment, 'engine' | 'runner' | 'models' | 'templates' | 'partial'>,
  spec: ArtifactsSpec,
  { kind, gates, signal }: ArtifactStepOptions,
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
      ...(kind === 'netboot' ? [treeContentDigest(env.models)] : []),
    ],
    run: async (context, results) => {
      const { facts } = osImageFacts(results);
      const stem = artifactBaseName(imageIdentity(facts));
      const partial = env.partial(`${stem}${artifact.extension}`);
      const companions = new Map<string, string>();
      const companion = (suffix: string) => {
        const place = env.partial(`${stem}${suffix}`);
        companions.set(suffix, place);
        return place;
      };
      if (kind === 'oci') await mkdir(partial);
      const artifactInput = await artifactInputs(env, { spec, artifact, results });
      let sha256: string | undefined;
      const hashed = (hex: string) => {
        sha256 = hex;
      };
      await artifact.make(artifactInput, { ...context, output: partial, companion, hashed, signal });
      const files: Record<string, string> = {};
      // The artifact itself comes last: it may name the others.
      for (const [suffix, place] of [...companions, [artifact.extension, partial] as const]) {
        const final = join(spec.output, `${stem}${suffix}`);
        await putInPlace(place, final, facts.epoch);
        files[place === partial ? 'artifact' : suffix] = final;
      }
      const identity = await identityOf(kind, files);
      // The digest identifies this file instead of the cache key: a rebuilt artifact gets a new checksum, and later steps run again.
      const made = { identity, ...(sha256 === undefined ? {} : { sha256 }) };
      return { facts: made, files, digest: identity };
    },
    isCurrent: async ({ facts, files }) => {
      const now = await identityOf(kind, files).catch(() => undefined);
      return now !== undefined && isSameFile(now, facts.identity);
    },
  });
}

/** The identity of an artifact and its further files; for an image layout, of its directory and its index. */
function identityOf(kind: ArtifactKind, files: Readonly<Record<string, string>>): Promise<string> {
  const all = Object.values(files);
  return fileIdentity(kind === 'oci' ? all.flatMap((file) => [file, join(file, 'index.json')]) : all);
}

/** The step that hashes an artifact, while other steps still run, unless it was hashed when it was written. */
export function checksumStep(kind: ArtifactKind, signal: AbortSignal): Step {
  const key = artifactKey(kind);
  return defineStep(checksumKey(kind), {
    title: `checksum ${kind}`,
    needs: [key.id],
    inputs: async () => [],
    run: async (_context, results) => {
      const file = fileOf(results, key.id, 'artifact');
      // The index of an image layout pins everything below it by digest.
      const hashed = kind === 'oci' ? join(file, 'index.json') : file;
      const { facts, files } = resultOf(results, key);
      const own = await hashedFile(hashed, { sha256: facts.sha256, signal });
      const companions = [];
      for (const [suffix, path] of Object.entries(files))
        if (suffix !== 'artifact') companions.push(await hashedFile(path, { signal }));
      const sums = [own, ...companions].map(({ sha256 }) => sha256);
      // A rebuilt artifact with the same bytes leaves later steps cached.
      const digest = companions.length === 0 ? own.sha256 : digestOf(Buffer.from(sums.join(' ')));
      return { facts: { ...own, ...(companions.length > 0 ? { companions } : {}) }, files: {}, digest };
    },
  });
}

async function hashedFile(
  file: string,
  { sha256, signal }: { readonly sha256?: string | undefined; readonly signal: AbortSignal },
) {
  return { file, sha256: sha256 ?? (await hashFile(file, signal)), size: (await stat(file)).size };
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
    digest: (step: string) => resultDigest(results, step),
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
