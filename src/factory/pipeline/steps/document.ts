import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { fileIdentity, isSameFile } from '../../../common/files/file-identity.ts';
import { putInPlace } from '../../../common/files/output-file.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import type { StepKey, StepResult } from '../step.ts';
import { imageIdentity, type OsImageFacts } from './os-image-facts.ts';

/** Documents that lie beside the artifacts. */
const DOCUMENT_KINDS = ['spdx', 'cyclonedx', 'provenance'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** Endings of their names. */
const ENDINGS: Readonly<Record<DocumentKind, string>> = {
  spdx: '.spdx.json',
  cyclonedx: '.cdx.json',
  provenance: '.provenance.json',
};

const DocumentEntry = z.object({
  kind: z.enum(DOCUMENT_KINDS),
  /** Relative to the output directory. */
  file: z.string(),
  /** In bytes. */
  size: z.number(),
  sha256: z.string(),
});
/** A document as reports and `manifest.json` list it. */
export type DocumentEntry = Readonly<z.output<typeof DocumentEntry>>;

/** Facts of a step that writes documents: these, and the identity of their files. */
const DocumentFacts = z.object({ documents: z.array(DocumentEntry), identity: z.string() });
type DocumentFacts = Readonly<z.output<typeof DocumentFacts>>;

/** What is in the OS image. */
export const SBOM_STEP: StepKey<DocumentFacts> = { id: 'sbom', facts: DocumentFacts };

/** What the artifacts were made from. */
export const PROVENANCE_STEP: StepKey<DocumentFacts> = { id: 'provenance', facts: DocumentFacts };

/** Writes documents into the output directory, each whole or not at all, and gives the step's result. */
export async function writeDocuments(
  { partial }: Pick<BuildEnvironment, 'partial'>,
  { output }: Pick<ArtifactsSpec, 'output'>,
  { facts }: Pick<OsImageFacts, 'facts'>,
  contents: Readonly<Partial<Record<DocumentKind, object>>>,
): Promise<StepResult<DocumentFacts>> {
  const stem = artifactBaseName(imageIdentity(facts));
  const documents: DocumentEntry[] = [];
  const files: Record<string, string> = {};
  for (const kind of DOCUMENT_KINDS) {
    const content = contents[kind];
    if (content === undefined) continue;
    const name = `${stem}${ENDINGS[kind]}`;
    const bytes = Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
    await writeFile(partial(name), bytes);
    files[kind] = join(output, name);
    await putInPlace(partial(name), files[kind], facts.epoch);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    documents.push({ kind, file: name, size: bytes.length, sha256 });
  }
  const identity = await fileIdentity(Object.values(files));
  return { facts: { documents, identity }, files, digest: documents.map(({ sha256 }) => sha256).join(' ') };
}

/** Whether the documents of a cached result still are those that were written. */
export async function documentsAreCurrent({ facts, files }: StepResult<DocumentFacts>): Promise<boolean> {
  const now = await fileIdentity(Object.values(files)).catch(() => undefined);
  return now !== undefined && isSameFile(now, facts.identity);
}
