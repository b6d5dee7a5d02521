import { readdir } from 'node:fs/promises';
import { evidenceFiles } from './evidence-files.ts';
import { bundleName, EVIDENCE, isBundleName, MANIFEST, readSums, SUMS } from './output-files.ts';

/**
 * Lists what a build output holds besides what its `SHA256SUMS` lists, without hidden files and files with a signature of their
 * own: earlier artifacts, extensions, other outputs. Signing the output leaves it unsigned, and verification refuses it.
 * @returns the names, those of directories with a slash
 */
export async function unsignedFiles(directory: string): Promise<string[]> {
  const listed = (await readSums(directory)) ?? [];
  const evidence = (await evidenceFiles(directory, listed)).length > 0 ? [EVIDENCE] : [];
  const known = new Set([
    SUMS,
    MANIFEST,
    ...evidence,
    ...listed.map(({ name }) => name.split('/')[0] ?? name),
  ]);
  const entries = await readdir(directory, { withFileTypes: true });
  const names = new Set(entries.map(({ name }) => name));
  return entries
    .filter(({ name }) => !name.startsWith('.') && !known.has(name) && !isBundleName(name))
    .filter(({ name }) => !names.has(bundleName(name)))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort();
}
