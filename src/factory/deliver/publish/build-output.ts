import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { digestOf } from '../../../common/files/digest.ts';
import type { DocumentKind } from '../../pipeline/steps/document.ts';
import { bundleName, layoutOf, MANIFEST, parseSums, SUMS } from '../../signing/output-files.ts';
import { expectOwn } from './expect-own.ts';

/** A file of a build's output directory. */
export interface OutputFile {
  readonly name: string;
  readonly path: string;
  /** As `SHA256SUMS` has it; of that file and of signatures, by what is there. */
  readonly digest: string;
  readonly size: number;
}

/** A document about an image, for an attestation. */
export interface BuildDocument {
  readonly kind: DocumentKind;
  readonly path: string;
}

/** What a build has left in its output directory. */
export interface BuildOutput {
  readonly directory: string;
  /** Directory of the OCI layout. */
  readonly layout: string;
  /** All but the layout, signatures among them. */
  readonly files: readonly OutputFile[];
  /** SBOMs and provenance, which are among the files too. */
  readonly documents: readonly BuildDocument[];
  /** Of the OS. */
  readonly version: string | undefined;
  /** Seconds since 1970. */
  readonly epoch: number;
}

const manifestSchema = z.looseObject({
  release: z.record(z.string(), z.string()),
  sourceDateEpoch: z.number().int().nonnegative(),
  artifacts: z.array(z.looseObject({ file: z.string(), sha256: z.string() })),
  documents: z
    .array(
      z.looseObject({
        kind: z.enum(['spdx', 'cyclonedx', 'provenance']),
        file: z.string(),
        sha256: z.string(),
      }),
    )
    .default([]),
});
/** A name beside the sums, or the index of a layout there; nothing that leads elsewhere. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._+~-]*(?:\.oci\/index\.json)?$/;

/**
 * Reads what `SHA256SUMS` and `manifest.json` tell of an output directory. Small files are compared with it at once, the
 * others when they are read.
 * @throws FactoryError `usage` when it is no such directory or has no OCI image, `verification` when the two files do not
 *   agree, or a file is missing
 */
export async function readBuildOutput(directory: string): Promise<BuildOutput> {
  const [sumsBytes, manifestBytes] = await Promise.all(
    [SUMS, MANIFEST].map((name) =>
      readFile(join(directory, name)).catch((error: unknown) => {
        throw new FactoryError(
          'BUILD_OUTPUT_INVALID',
          `${directory} is no output directory of a build: ${messageOf(error)}`,
          {
            remedy: 'Give the directory that "build" wrote to; of several targets, that of each.',
            cause: error,
          },
        );
      }),
    ),
  );
  const sums = sumsByName(directory, String(sumsBytes));
  const manifest = parseManifestFile(directory, String(manifestBytes));
  for (const { file, sha256 } of [...manifest.artifacts, ...manifest.documents]) {
    if (sums.get(file) === sha256) continue;
    throw damaged(directory, `SHA256SUMS and manifest.json do not agree on ${file}`);
  }
  const index = [...sums].find(([name]) => layoutOf(name) !== undefined);
  if (index === undefined) {
    throw new FactoryError('BUILD_OUTPUT_INVALID', `${directory} has no OCI image, which is what is pushed`, {
      remedy: 'Build again with "oci" among the artifacts.',
    });
  }
  const [indexName, indexSum] = index;
  const read = await readFile(join(directory, indexName)).catch(() => Buffer.alloc(0));
  if (digestOf(read) !== `sha256:${indexSum}`) {
    throw damaged(directory, `${indexName} is not what SHA256SUMS says`);
  }

  const files: OutputFile[] = [];
  const named = [...sums].filter(([name]) => name !== indexName);
  for (const [name, sha256] of named) files.push(await fileOf(directory, name, `sha256:${sha256}`));
  const own = [
    [SUMS, sumsBytes] as const,
    ...(sums.has(MANIFEST) ? [] : [[MANIFEST, manifestBytes] as const]),
  ];
  for (const [name, bytes] of own)
    files.push(await fileOf(directory, name, digestOf(bytes ?? Buffer.alloc(0))));
  for (const { name } of [...files]) {
    const bundle = bundleName(name);
    const signature = await readFile(join(directory, bundle)).catch((error: NodeJS.ErrnoException) => {
      // One that cannot be read must not be left behind silently.
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

/** They are small, and signed for what they say: compared at once. */
async function readDocuments(
  directory: string,
  documents: z.infer<typeof manifestSchema>['documents'],
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

/** Sums by names that a registry may give back as they are. */
function sumsByName(directory: string, text: string): ReadonlyMap<string, string> {
  const listed = parseSums(text, join(directory, SUMS));
  const strange = listed.find(({ name }) => !NAME.test(name));
  if (strange) throw damaged(directory, `${SUMS} has a line that is no sum of a file there`);
  return new Map(listed.map(({ name, sha256 }) => [name, sha256]));
}

function parseManifestFile(directory: string, text: string): z.infer<typeof manifestSchema> {
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(directory, `manifest.json has not the right form: ${messageOf(error).split('\n')[0]}`);
  }
}

function damaged(directory: string, problem: string): FactoryError {
  return new FactoryError('SIGNED_LIST_INVALID', `${directory}: ${problem}`, { remedy: 'Build it again.' });
}
