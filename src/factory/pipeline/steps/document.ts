import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { identityFrom } from '../../../common/contract/kairos-release.ts';
import { fileIdentity, isSameFile } from '../../../common/files/file-identity.ts';
import { putInPlace } from '../../../common/files/output-file.ts';
import type { ArtifactsSpec } from '../../config/schema.ts';
import type { BuildEnvironment } from '../build-environment.ts';
import type { StepResult } from '../step.ts';
import type { OsImageFacts } from './image-step.ts';

/** Documents that lie beside the artifacts, by the ending of their names. */
const DOCUMENTS = { spdx: '.spdx.json', cyclonedx: '.cdx.json', provenance: '.provenance.json' } as const;
export type DocumentKind = keyof typeof DOCUMENTS;

/** A document as reports and `manifest.json` tell it. */
export interface DocumentEntry {
  readonly kind: DocumentKind;
  /** Relative to the output directory. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Writes documents into the output directory, each whole or not at all, and gives the step's result. */
export async function writeDocuments(
  env: BuildEnvironment,
  { output }: ArtifactsSpec,
  { facts }: OsImageFacts,
  contents: Readonly<Partial<Record<DocumentKind, object>>>,
): Promise<StepResult> {
  const stem = artifactBaseName(identityFrom(new Map(Object.entries(facts.release))));
  const documents: DocumentEntry[] = [];
  const files: Record<string, string> = {};
  for (const [kind, content] of Object.entries(contents) as [DocumentKind, object][]) {
    const name = `${stem}${DOCUMENTS[kind]}`;
    const bytes = Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
    await writeFile(env.partial(name), bytes);
    files[kind] = join(output, name);
    await putInPlace(env.partial(name), files[kind], facts.epoch);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    documents.push({ kind, file: name, size: bytes.length, sha256 });
  }
  const identity = await fileIdentity(Object.values(files));
  return { facts: { documents, identity }, files, digest: documents.map(({ sha256 }) => sha256).join(' ') };
}

/** Whether the documents of a cached result still are those that were written. */
export async function documentsAreCurrent({ facts, files }: StepResult): Promise<boolean> {
  const now = await fileIdentity(Object.values(files)).catch(() => undefined);
  return now !== undefined && isSameFile(now, String(facts['identity']));
}

/** The documents of all steps, sorted by name. */
export function documentsOf(results: Iterable<StepResult>): DocumentEntry[] {
  const all = [...results].flatMap(({ facts }) => (facts['documents'] as DocumentEntry[] | undefined) ?? []);
  return all.sort((a, b) => (a.file < b.file ? -1 : 1));
}
