import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { reasonOf } from '../../../common/errors/factory-error.ts';
import { type ListedFile, MANIFEST, SUMS } from '../../signing/output-files.ts';

/** The part of `manifest.json` that names files. */
const manifestSchema = z.looseObject({
  artifacts: z.array(z.looseObject({ file: z.string(), sha256: z.string() })),
  documents: z.array(z.looseObject({ file: z.string(), sha256: z.string() })).default([]),
});

/**
 * Compares a `manifest.json` that `SHA256SUMS` does not list with that list. Its signature alone does not bind it to the
 * list: another file with a signature of the same signer, such as the manifest of an earlier build, could have its place.
 * @returns the problems, each a sentence
 */
export async function manifestProblems(directory: string, listed: readonly ListedFile[]): Promise<string[]> {
  let manifest: z.infer<typeof manifestSchema>;
  try {
    manifest = manifestSchema.parse(JSON.parse(await readFile(join(directory, MANIFEST), 'utf8')));
  } catch (error) {
    return [`${MANIFEST} is not the manifest of a build: ${reasonOf(error).split('\n')[0]}`];
  }
  const named = new Map(
    [...manifest.artifacts, ...manifest.documents].map((entry) => [entry.file, entry.sha256]),
  );
  const sums = new Map(listed.map(({ name, sha256 }) => [name, sha256]));
  const differing = [...new Set([...named.keys(), ...sums.keys()])].filter(
    (name) => named.get(name) !== sums.get(name),
  );
  if (differing.length === 0) return [];
  return [`${MANIFEST} is of another build: it and ${SUMS} do not agree on ${differing.sort().join(', ')}`];
}
