import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { DOCUMENT_KINDS } from '../../pipeline/steps/document.ts';
import { MANIFEST, parseSums, SUMS } from '../../signing/output-files.ts';

const manifestSchema = z.looseObject({
  release: z.record(z.string(), z.string()),
  sourceDateEpoch: z.number().int().nonnegative(),
  artifacts: z.array(z.looseObject({ file: z.string(), sha256: z.string() })),
  documents: z
    .array(
      z.looseObject({
        kind: z.enum(DOCUMENT_KINDS),
        file: z.string(),
        sha256: z.string(),
      }),
    )
    .default([]),
});
/** A file name without directories, or the index of a layout. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._+~-]*(?:\.oci\/index\.json)?$/;

/** The files of an output directory that list all others. */
export interface OutputListing {
  /** The sha256 of each listed file, in hex, by its name. */
  readonly sums: ReadonlyMap<string, string>;
  readonly manifest: z.infer<typeof manifestSchema>;
  /** The files that `SHA256SUMS` does not list: itself, and `manifest.json` if it is not listed. */
  readonly own: readonly { readonly name: string; readonly bytes: Buffer }[];
}

/**
 * Reads `SHA256SUMS` and `manifest.json` of an output directory.
 * @throws FactoryError `usage` when one of them cannot be read, `verification` when one is malformed or they do not agree
 */
export async function readListing(directory: string): Promise<OutputListing> {
  const sumsBytes = await readRequired(directory, SUMS);
  const manifestBytes = await readRequired(directory, MANIFEST);
  const sums = sumsByName(directory, String(sumsBytes));
  const manifest = parseManifestFile(directory, String(manifestBytes));
  for (const { file, sha256 } of [...manifest.artifacts, ...manifest.documents]) {
    if (sums.get(file) === sha256) continue;
    throw damaged(directory, `SHA256SUMS and manifest.json do not agree on ${file}`);
  }
  const own = [{ name: SUMS, bytes: sumsBytes }];
  if (!sums.has(MANIFEST)) own.push({ name: MANIFEST, bytes: manifestBytes });
  return { sums, manifest, own };
}

async function readRequired(directory: string, name: string): Promise<Buffer> {
  return readFile(join(directory, name)).catch((error: unknown) => {
    throw new FactoryError(
      'BUILD_OUTPUT_INVALID',
      `${directory} is not the output directory of a build: ${messageOf(error)}`,
      {
        remedy: 'Give the directory that "build" wrote to. For several targets, give the directory of each.',
        cause: error,
      },
    );
  });
}

/** Checksums by file name. Refuses names that are not safe to store in a registry. */
function sumsByName(directory: string, text: string): ReadonlyMap<string, string> {
  const listed = parseSums(text, join(directory, SUMS));
  const invalid = listed.find(({ name }) => !NAME.test(name));
  if (invalid) throw damaged(directory, `${SUMS} has an invalid line`);
  return new Map(listed.map(({ name, sha256 }) => [name, sha256]));
}

function parseManifestFile(directory: string, text: string): z.infer<typeof manifestSchema> {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(directory, `manifest.json is malformed: ${messageOf(error).split('\n')[0]}`);
  }
}

/** The error for an output directory that was changed or damaged after the build. */
export function damaged(directory: string, problem: string): FactoryError {
  return new FactoryError('SIGNED_LIST_INVALID', `${directory}: ${problem}`, { remedy: 'Build it again.' });
}
