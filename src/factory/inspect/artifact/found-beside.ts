import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BUNDLE_ENDING, readSums, SUMS } from '../../signing/output-files.ts';
import type { DocumentFacts } from './describe-document.ts';
import type { SignatureFacts } from './inspection.ts';
import { readDocument } from './read-document.ts';

/** Endings of files with a detached signature. */
const DETACHED: readonly (readonly [ending: string, form: SignatureFacts['form']])[] = [
  ['.sig', 'cosign'],
  ['.asc', 'openpgp'],
  ['.gpg', 'openpgp'],
  ['.minisig', 'minisign'],
  ['.sha256', 'checksum'],
];
/** The endings of the documents that a build writes about its image. */
const DOCUMENTS = /\.(spdx|cdx|provenance|test-result|intoto)\.jsonl?$/;

/** What lies beside an artifact. */
export interface FoundBeside {
  readonly signatures: readonly SignatureFacts[];
  readonly documents: readonly (DocumentFacts & { readonly file: string })[];
}

/** Looks for signatures of a file or directory, and for documents about it. Verifies nothing. */
export async function foundBeside(path: string): Promise<FoundBeside> {
  const directory = dirname(path);
  const name = basename(path);
  const names: string[] = await readdir(directory).catch(() => []);
  const signatures: SignatureFacts[] = [];
  const bundle = `${name}${BUNDLE_ENDING}`;
  if (names.includes(bundle)) signatures.push(await bundleFacts(directory, bundle));
  for (const [ending, form] of DETACHED)
    if (names.includes(name + ending)) signatures.push({ form, place: name + ending });
  const sums = await readSums(directory).catch(() => undefined);
  const isListed = sums?.some(({ name: listed }) => listed === name || listed === `${name}/index.json`);
  if (isListed) {
    signatures.push({ form: 'checksum', place: SUMS });
    const signed = `${SUMS}${BUNDLE_ENDING}`;
    if (names.includes(signed)) signatures.push(await bundleFacts(directory, signed));
  }
  // A document is about the artifacts with its name.
  const base = name.replace(/\.(iso|raw|qcow2|squashfs|oci|img|vhd|vmdk|ova|tar|tar\.gz)$/, '');
  const about = names.filter((other) => DOCUMENTS.test(other) && other.startsWith(`${base}.`)).sort();
  return { signatures, documents: await documentsIn(directory, about) };
}

/** Reads documents. @param names names in the directory */
export async function documentsIn(
  directory: string,
  names: readonly string[],
): Promise<FoundBeside['documents']> {
  const found = [];
  for (const file of names) {
    const document = await readDocument(join(directory, file));
    if (document !== undefined) found.push({ file, ...document });
  }
  return found;
}

async function bundleFacts(directory: string, place: string): Promise<SignatureFacts> {
  const { by, predicate } = (await readDocument(join(directory, place))) ?? {};
  return {
    form: 'sigstore-bundle',
    place,
    ...(by === undefined ? {} : { by }),
    ...(predicate === undefined ? {} : { predicate }),
  };
}
