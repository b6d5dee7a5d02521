import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { fileIdentity, isSameFile } from '../../../common/files/file-identity.ts';
import { writeInPlace } from '../../../common/files/output-file.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import { TEST_RESULT_ENDING } from '../../signing/output-files.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import type { StepKey, StepResult } from '../step.ts';
import { imageIdentity, type OsImageFacts } from './os-image-facts.ts';

/** Documents next to the artifacts. */
export const DOCUMENT_KINDS = ['spdx', 'cyclonedx', 'provenance', 'test-result'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** File name endings of the documents. */
const ENDINGS: Readonly<Record<DocumentKind, string>> = {
  spdx: '.spdx.json',
  cyclonedx: '.cdx.json',
  provenance: '.provenance.json',
  'test-result': `.${TEST_RESULT_ENDING}`,
};

const DocumentEntry = z.object({
  kind: z.enum(DOCUMENT_KINDS),
  /** Relative to the output directory. */
  file: z.string(),
  /** Size in bytes. */
  size: z.number(),
  sha256: z.string(),
});
/** A document as reports and `manifest.json` list it. */
export type DocumentEntry = Readonly<z.output<typeof DocumentEntry>>;

/** Facts of a step that writes documents, with the identity of the files. */
const DocumentFacts = z.object({ documents: z.array(DocumentEntry), identity: z.string() });
type DocumentFacts = Readonly<z.output<typeof DocumentFacts>>;

/** The SBOMs of the OS image. */
export const SBOM_STEP: StepKey<DocumentFacts> = { id: 'sbom', facts: DocumentFacts };

/** The provenance of the artifacts. */
export const PROVENANCE_STEP: StepKey<DocumentFacts> = { id: 'provenance', facts: DocumentFacts };

/** The proof of the artifacts. */
export const PROOF_STEP: StepKey<DocumentFacts> = { id: 'proof', facts: DocumentFacts };

/** Options of {@link writeDocuments}. */
export interface DocumentOptions extends Pick<ArtifactsSpec, 'output'>, Pick<OsImageFacts, 'facts'> {
  readonly contents: Readonly<Partial<Record<DocumentKind, object>>>;
}

/** Writes documents into the output directory, each completely or not at all. Returns the result of the step. */
export async function writeDocuments(
  { partial }: Pick<BuildEnvironment, 'partial'>,
  { output, facts, contents }: DocumentOptions,
): Promise<StepResult<DocumentFacts>> {
  const stem = artifactBaseName(imageIdentity(facts));
  const documents: DocumentEntry[] = [];
  const files: Record<string, string> = {};
  for (const kind of DOCUMENT_KINDS) {
    const content = contents[kind];
    if (content === undefined) continue;
    const name = `${stem}${ENDINGS[kind]}`;
    const bytes = Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
    files[kind] = join(output, name);
    await writeInPlace(files[kind], bytes, { partial: partial(name), epoch: facts.epoch });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    documents.push({ kind, file: name, size: bytes.length, sha256 });
  }
  const identity = await fileIdentity(Object.values(files));
  return { facts: { documents, identity }, files, digest: documents.map(({ sha256 }) => sha256).join(' ') };
}

/** Whether the documents of a cached result are unchanged. */
export async function documentsAreCurrent({ facts, files }: StepResult<DocumentFacts>): Promise<boolean> {
  const now = await fileIdentity(Object.values(files)).catch(() => undefined);
  return now !== undefined && isSameFile(now, facts.identity);
}
