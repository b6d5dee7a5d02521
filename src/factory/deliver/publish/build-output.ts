import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { digestOf } from '../../../common/files/digest.ts';
import type { DocumentKind } from '../../pipeline/steps/document.ts';
import { bundleName, layoutOf } from '../../signing/output-files.ts';
import { expectOwn } from './expect-own.ts';
import { damaged, type OutputListing, readListing } from './read-listing.ts';

/** A file in the output directory of a build. */
export interface OutputFile {
  readonly name: string;
  readonly path: string;
  /** The digest in `SHA256SUMS`; for `SHA256SUMS` itself and signatures, the digest of the content. */
  readonly digest: string;
  readonly size: number;
}

/** A document about an image, to attach as an attestation. */
export interface BuildDocument {
  readonly kind: DocumentKind;
  readonly path: string;
}

/** The contents of a build's output directory. */
export interface BuildOutput {
  readonly directory: string;
  /** Path of the OCI layout. */
  readonly layout: string;
  /** All files except the layout, including signatures. */
  readonly files: readonly OutputFile[];
  /** SBOMs and provenance, which are also in `files`. */
  readonly documents: readonly BuildDocument[];
  /** Version of the OS. */
  readonly version: string | undefined;
  /** Unix timestamp of the build's files. */
  readonly epoch: number;
}

/**
 * Reads the output directory of a build as `SHA256SUMS` and `manifest.json` describe it. Checks small files at once; the
 * content of other files is checked when it is read for the push.
 * @throws FactoryError `usage` when the directory is not the output of a build or has no OCI image, `verification` when the
 *   two files do not agree, or a file is missing or damaged
 */
export async function readBuildOutput(directory: string): Promise<BuildOutput> {
  const { sums, manifest, own } = await readListing(directory);
  const index = [...sums].find(([name]) => layoutOf(name) !== undefined);
  if (index === undefined) {
    throw new FactoryError('BUILD_OUTPUT_INVALID', `${directory} has no OCI image to push`, {
      remedy: 'Build again with "oci" among the artifacts.',
    });
  }
  const [indexName, indexSum] = index;
  const read = await readFile(join(directory, indexName)).catch(() => Buffer.alloc(0));
  if (digestOf(read) !== `sha256:${indexSum}`) {
    throw damaged(directory, `${indexName} does not match its checksum in SHA256SUMS`);
  }

  const files: OutputFile[] = [];
  const named = [...sums].filter(([name]) => name !== indexName);
  for (const [name, sha256] of named) files.push(await fileOf(directory, name, `sha256:${sha256}`));
  for (const { name, bytes } of own) files.push(await fileOf(directory, name, digestOf(bytes)));
  for (const { name } of [...files]) {
    const bundle = bundleName(name);
    const signature = await readFile(join(directory, bundle)).catch((error: NodeJS.ErrnoException) => {
      // Do not silently skip a signature that exists but cannot be read.
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    });
    if (signature) files.push(await fileOf(directory, bundle, digestOf(signature)));
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    directory,
    layout: dirname(join(directory, indexName)),
    files,
    documents: await readDocuments(directory, manifest.documents),
    version: manifest.release['KAIROS_VERSION'],
    epoch: manifest.sourceDateEpoch,
  };
}

/** Checks the documents at once: they are small, and their content is signed. */
async function readDocuments(
  directory: string,
  documents: OutputListing['manifest']['documents'],
): Promise<BuildDocument[]> {
  return Promise.all(
    documents.map(async ({ kind, file, sha256 }) => {
      const path = join(directory, file);
      expectOwn(path, `sha256:${sha256}`, digestOf(await readFile(path)));
      return { kind, path };
    }),
  );
}

async function fileOf(directory: string, name: string, digest: string): Promise<OutputFile> {
  const path = join(directory, name);
  const stats = await stat(path).catch(() => undefined);
  if (!stats?.isFile()) throw damaged(directory, `${name} is missing`);
  return { name, path, digest, size: stats.size };
}
