import { basename } from 'node:path';
import { ARTIFACTS } from '../../artifacts/registry.ts';
import type { ArtifactKind } from '../../config/artifact-kinds.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import { publicParameters } from '../../inspect/provenance/public-parameters.ts';
import { LOCAL_BUILDER, provenanceStatement, type Resource } from '../../inspect/provenance/statement.ts';
import { layoutSubject } from '../../signing/layout-subject.ts';
import { checkTool } from '../../tools/check-tool.ts';
import { MKE2FS } from '../../tools/mke2fs.ts';
import { MKSQUASHFS } from '../../tools/mksquashfs.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import { defineStep, type Results, resultOf, type Step } from '../step.ts';
import { checksumKey } from './artifact-keys.ts';
import { documentsAreCurrent, PROVENANCE_STEP, writeDocuments } from './document.ts';
import { IMAGE_STEP, osImageFacts } from './os-image-facts.ts';

/** Provides the inputs of an OS image. */
export interface ProvenanceSource {
  /** Ids of the steps before the image whose results it needs. */
  readonly steps: readonly string[];
  readonly resources: (results: Results) => Promise<Resource[]>;
}

/** Programs of the part steps; an artifact lists its own programs. */
const PART_TOOLS = { squashfs: MKSQUASHFS, 'slot-image': MKE2FS } as const;

/** Options of {@link provenanceStep}. */
export interface ProvenanceStepOptions {
  readonly kinds: readonly ArtifactKind[];
  readonly source: ProvenanceSource;
}

/** The step that writes the SLSA provenance of the artifacts. */
export function provenanceStep(
  env: Pick<BuildEnvironment, 'runner' | 'tool' | 'partial'>,
  spec: ArtifactsSpec,
  { kinds, source }: ProvenanceStepOptions,
): Step {
  const statement = async (results: Results) => {
    const { facts } = osImageFacts(results);
    return provenanceStatement({
      subjects: (await Promise.all(kinds.map((kind) => subjectsOf(kind, results)))).flat(),
      external: publicParameters(spec),
      internal: { 'source-date-epoch': facts.epoch, release: facts.release },
      dependencies: await source.resources(results),
      builder: spec.builderId ?? LOCAL_BUILDER,
      versions: await versions(env, kinds),
    });
  };
  return defineStep(PROVENANCE_STEP, {
    title: 'write provenance',
    needs: [IMAGE_STEP.id, ...source.steps, ...kinds.map((kind) => checksumKey(kind).id)],
    inputs: async (results) => [spec.output, await statement(results)],
    isCurrent: documentsAreCurrent,
    run: async (_context, results) =>
      writeDocuments(env, {
        output: spec.output,
        facts: osImageFacts(results).facts,
        contents: { provenance: await statement(results) },
      }),
  });
}

/** The files of an artifact as subjects; for an image layout with the digest of its image, which is the digest in a registry. */
async function subjectsOf(kind: ArtifactKind, results: Results): Promise<Resource[]> {
  const { companions = [], ...own } = resultOf(results, checksumKey(kind)).facts;
  if (kind === 'oci') return [await layoutSubject(own.file)];
  return [own, ...companions].map(({ file, sha256 }) => ({ name: basename(file), digest: { sha256 } }));
}

/** The versions of this program and of the host programs that affect the bytes of an artifact. */
async function versions(
  env: Pick<BuildEnvironment, 'runner' | 'tool'>,
  kinds: readonly ArtifactKind[],
): Promise<Record<string, string>> {
  const parts = Object.entries(PART_TOOLS).flatMap(([part, tool]) =>
    kinds.some((kind) => ARTIFACTS[kind].needs.includes(part)) ? [tool] : [],
  );
  const tools = [...new Set([...parts, ...kinds.flatMap((kind) => ARTIFACTS[kind].tools)])];
  const found = await Promise.all(
    tools.map(async (tool) => [tool.name, await checkTool(env.runner, tool)] as const),
  );
  const [name = env.tool, version = ''] = env.tool.split(' ');
  return Object.fromEntries([[name, version], ...found.filter(([, version]) => version !== '')]);
}
