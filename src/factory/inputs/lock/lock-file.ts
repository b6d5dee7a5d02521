import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { unwritable } from '../../../common/errors/unwritable.ts';
import { writeInPlace } from '../../../common/files/output-file.ts';
import { isDigest } from '../../../common/oci/registry/image-reference.ts';
import { validate } from '../../../common/text/validate.ts';
import { parseYaml } from '../../../common/text/yaml-source.ts';
import { takeLock } from '../../tools/kernel-lock.ts';

const Digest = z.string().refine(isDigest, 'is not a sha256 or sha512 digest');

const LockedImage = z.strictObject({
  digest: Digest.meta({
    description: 'Digest that the tag resolved to: of an index, or of a manifest if there is no index.',
  }),
  platforms: z
    .record(z.string().regex(/^linux\/[a-z0-9_]+$/, 'is not a platform such as linux/amd64'), Digest)
    .meta({ description: 'Digest of the manifest for each requested platform.' }),
});

const LockedPackages = z.strictObject({
  archive: z.iso.datetime().optional().meta({
    description: 'Latest date of the package archive: a snapshot of that time has these versions.',
  }),
  installed: z
    .record(z.string().min(1), z.string().min(1))
    .meta({ description: 'Version of each package, by its name and architecture: `NAME:ARCH`.' }),
});

const LockFile = z.strictObject({
  schema: z.literal(1),
  images: z.record(z.string(), LockedImage).default({}),
  packages: z.record(z.string(), LockedPackages).default({}),
});

/** The digests that an image reference resolved to when it was locked. */
export type LockedImage = z.infer<typeof LockedImage>;
/** Locked images by their references. */
export type LockedImages = Readonly<Record<string, LockedImage>>;
/** The packages of an OS image when it was locked. */
export type LockedPackages = z.infer<typeof LockedPackages>;

/** The content of a lock file. */
export interface Lock {
  readonly images: LockedImages;
  /** Packages by the name of a build: see `packageLockName`. */
  readonly packages: Readonly<Record<string, LockedPackages>>;
}

const HEADER =
  ' Digests of image references, and versions of installed packages; written by kairos-factory. Keep this file next to the\n' +
  ' configuration, in version control. Update it with: kairos-factory lock --update\n';

/**
 * Reads a lock file. A missing file counts as empty.
 * @throws FactoryError `usage` when it cannot be read or, with file, line and column, when it is not a valid lock file
 */
export function readLock(file: string): Lock {
  if (!existsSync(file)) return { images: {}, packages: {} };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new FactoryError('CONFIG_UNREADABLE', `${file}: cannot be read: ${reasonOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  }
  const source = parseYaml(file, text);
  const { images, packages } = validate(LockFile, source.data, { kind: 'lock file', locate: source.locate });
  return { images, packages };
}

/** Writes a lock file atomically, in a stable order. @throws FactoryError `usage` when it cannot be written */
export async function writeLock(file: string, lock: Lock): Promise<void> {
  const partial = `${file}.partial-${randomUUID()}`;
  try {
    await writeInPlace(file, formatLock(lock), { partial });
  } catch (error) {
    await rm(partial, { force: true });
    throw unwritableLock(file, error);
  }
}

function unwritableLock(file: string, error: unknown): FactoryError {
  const remedy = `Make ${dirname(file)} writable, or set another file with --lock-file.`;
  return unwritable(error, `cannot write the lock file ${file}`, { remedy });
}

/**
 * Applies a change to a lock file, and writes the file only if it differs. Other writers wait meanwhile, in this process and
 * in others: none may lose what another has just written.
 * @param change is called again if the file has changed meanwhile
 * @returns the lock before the change
 * @throws FactoryError as {@link readLock} and {@link writeLock} do
 */
export async function changeLock(file: string, change: (lock: Lock) => Lock): Promise<Lock> {
  const seen = readLock(file);
  if (isUnchanged(seen, change)) return seen;
  const writing = `${file}.writing`;
  await using _ = await takeLock(writing, { how: 'wait' }).catch((error: unknown) => {
    throw error instanceof FactoryError ? error : unwritableLock(file, error);
  });
  const before = readLock(file);
  if (!isUnchanged(before, change)) await writeLock(file, change(before));
  await rm(writing, { force: true });
  return before;
}

function isUnchanged(lock: Lock, change: (lock: Lock) => Lock): boolean {
  return formatLock(change(lock)) === formatLock(lock);
}

/** Renders the text of a lock file. */
export function formatLock({ images, packages }: Lock): string {
  const sorted = Object.fromEntries(
    Object.keys(images)
      .sort()
      .flatMap((name) => {
        const image = images[name];
        return image ? [[name, { digest: image.digest, platforms: sortedKeys(image.platforms) }]] : [];
      }),
  );
  const builds = Object.entries(sortedKeys(packages)).map(([name, { archive, installed }]) => [
    name,
    { ...(archive === undefined ? {} : { archive }), installed: sortedKeys(installed) },
  ]);
  const content = {
    schema: 1,
    images: sorted,
    ...(builds.length > 0 ? { packages: Object.fromEntries(builds) as unknown } : {}),
  };
  const document = parseDocument(stringify(content, { lineWidth: 0 }));
  document.commentBefore = HEADER.trimEnd();
  return document.toString({ lineWidth: 0 });
}

function sortedKeys<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
