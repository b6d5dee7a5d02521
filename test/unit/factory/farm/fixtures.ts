import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { OSArtifact } from '../../../../src/factory/farm/status.ts';

const DIRECTORY = join(import.meta.dirname, '../../../fixtures/kubernetes');

/** The files with the documented examples. */
export const EXAMPLES = readdirSync(DIRECTORY).filter((name) => name.startsWith('osartifact-'));

/** The OSArtifact of an example, as the API server has it. */
export function exampleOf(file: string): OSArtifact & { readonly spec: Record<string, unknown> } {
  const documents = parseAllDocuments(readFileSync(join(DIRECTORY, file), 'utf8')).map((document) =>
    document.toJS(),
  );
  const found = documents.find(({ kind }) => kind === 'OSArtifact');
  return { ...found, metadata: { namespace: 'farm', uid: 'uid-1', generation: 1, ...found.metadata } };
}
