import { readFile, stat } from 'node:fs/promises';
import { type DocumentFacts, describeDocument } from './describe-document.ts';

/** Largest document to read, in bytes: more than the SBOM of any image. */
const LIMIT = 128 * 1024 * 1024;

/** Reads and recognises a document. @returns `undefined` when the file is none that is known, or is missing */
export async function readDocument(file: string): Promise<DocumentFacts | undefined> {
  const stats = await stat(file).catch(() => undefined);
  if (!stats?.isFile() || stats.size > LIMIT) return undefined;
  const text = await readFile(file, 'utf8');
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return describeDocument(JSON.parse(text));
  } catch {
    return undefined;
  }
}
