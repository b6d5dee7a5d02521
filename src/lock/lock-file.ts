import { existsSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { isDigest } from '../registry/reference.ts';
import { validate } from '../spec/validate.ts';
import { readYaml } from '../spec/yaml-source.ts';

const Digest = z.string().refine(isDigest, 'is no sha256 or sha512 digest');

const LockedImage = z.strictObject({
  digest: Digest.meta({
    description: 'What the tag stood for: an index, or a manifest where there is none.',
  }),
  platforms: z
    .record(z.string().regex(/^linux\/[a-z0-9_]+$/, 'is no platform such as linux/amd64'), Digest)
    .meta({ description: 'The manifest of each platform that was asked for.' }),
});

const LockFile = z.strictObject({
  schema: z.literal(1),
  images: z.record(z.string(), LockedImage).default({}),
});

/** What an image reference stood for when it was locked. */
export type LockedImage = z.infer<typeof LockedImage>;
/** Locked images by their references. */
export type LockedImages = Readonly<Record<string, LockedImage>>;

const HEADER =
  ' What image references stand for; written by kairos-factory. Keep it beside the configuration,\n' +
  ' in version control. Renew it with: kairos-factory lock --update\n';

/**
 * Reads a lock file; one that is not there holds nothing.
 * @throws FactoryError `usage` with file, line and column when it is not what we write
 */
export async function readLock(file: string): Promise<LockedImages> {
  if (!existsSync(file)) return {};
  const source = await readYaml(file);
  return validate(LockFile, source.data, 'lock file', source.locate).images;
}

/** Writes a lock file in a stable order, whole or not at all. @throws FactoryError `usage` when it cannot be written */
export async function writeLock(file: string, images: LockedImages): Promise<void> {
  const partial = `${file}.partial-${process.pid}`;
  try {
    await writeFile(partial, formatLock(images));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw new FactoryError('usage', `cannot write the lock file ${file}: ${messageOf(error)}`, {
      remedy: `Make ${dirname(file)} writable, or name another file with --lock-file.`,
      cause: error,
    });
  }
}

/** The text of a lock file. */
export function formatLock(images: LockedImages): string {
  const sorted = Object.fromEntries(
    Object.keys(images)
      .sort()
      .flatMap((name) => {
        const image = images[name];
        return image ? [[name, { digest: image.digest, platforms: sortedKeys(image.platforms) }]] : [];
      }),
  );
  const document = parseDocument(stringify({ schema: 1, images: sorted }, { lineWidth: 0 }));
  document.commentBefore = HEADER.trimEnd();
  return document.toString({ lineWidth: 0 });
}

function sortedKeys<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
