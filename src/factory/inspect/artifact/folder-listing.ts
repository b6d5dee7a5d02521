import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { MANIFEST } from '../../signing/output-files.ts';

/** A file that a folder lists. */
export interface ListedMember {
  /** Relative to the folder, without `..`. */
  readonly file: string;
  readonly kind: string;
  readonly size: number;
}

const SafeName = z
  .string()
  .regex(/^(?!.*(?:^|\/)\.{0,2}(?:\/|$))[^\\\0\n]+$/, 'is not a path inside the folder');
const Manifest = z.looseObject({
  artifacts: z.array(z.looseObject({ kind: z.string(), file: SafeName, size: z.number() })),
  documents: z.array(z.looseObject({ kind: z.string(), file: SafeName, size: z.number() })).default([]),
});
const File = z.looseObject({ name: SafeName, role: z.string(), size: z.number() });
const Release = z.looseObject({
  targets: z.array(z.looseObject({ files: z.array(File) })),
  files: z.array(File).default([]),
});

/** Reads what `manifest.json` of a build lists. @throws FactoryError `usage` when it cannot be used */
export async function buildListing(folder: string): Promise<ListedMember[]> {
  const { artifacts, documents } = await readJson(Manifest, folder, MANIFEST);
  return [...artifacts, ...documents].map(({ kind, file, size }) => ({ kind, file, size }));
}

/** Reads what `release.json` lists. @throws FactoryError `usage` when it cannot be used */
export async function releaseListing(folder: string): Promise<ListedMember[]> {
  const { targets, files } = await readJson(Release, folder, 'release.json');
  return [...targets.flatMap((target) => target.files), ...files]
    .filter(({ role }) => role !== 'oci-content')
    .map(({ name, role, size }) => ({ file: name, kind: role, size }));
}

async function readJson<S extends z.ZodType>(schema: S, folder: string, name: string): Promise<z.output<S>> {
  try {
    return schema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
  } catch (error) {
    const [reason = ''] = (error instanceof z.ZodError ? z.prettifyError(error) : reasonOf(error)).split(
      '\n',
    );
    throw new FactoryError('BUILD_OUTPUT_INVALID', `${join(folder, name)} cannot be used: ${reason}`, {
      remedy: 'Restore the file that the build wrote, or build again.',
      cause: error,
    });
  }
}
