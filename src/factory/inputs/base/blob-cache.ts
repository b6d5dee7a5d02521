import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf, hashFor } from '../../../common/files/digest.ts';
import { writeInPlace } from '../../../common/files/output-file.ts';
import { blobPath, writeLayoutIndex } from '../../../common/oci/layers/image-layout.ts';
import { type Descriptor, MEDIA } from '../../../common/oci/registry/image-manifest.ts';

/** A cache of registry blobs, as files by digest. */
export interface BlobCache {
  readonly directory: string;
  /** Suffix of this run's unfinished blobs. */
  readonly partial: string;
  /** Whether a blob is in the cache, complete and undamaged. */
  holds(blob: Descriptor): Promise<boolean>;
  /** Reads and verifies a small blob; `undefined` when it is missing or damaged. */
  read(digest: string): Promise<Uint8Array | undefined>;
  /** Stores a small blob whose digest has been verified. */
  write(digest: string, bytes: Uint8Array): Promise<void>;
  /** Takes over unfinished downloads of these blobs from dead runs, and removes the other unfinished files of dead runs. */
  adopt(digests: readonly string[]): Promise<void>;
  /**
   * Creates an OCI layout with one image (image-spec 1.1, "Image Layout") in an empty directory on the same filesystem. Its
   * blobs are hard links: they take no space, and they survive when the cache is cleaned.
   */
  layOut(directory: string, manifest: Descriptor, blobs: readonly string[]): Promise<void>;
}

/** The owner of unfinished files. */
export interface Owner {
  /** Identity of this run. */
  readonly identity: string;
  readonly isAlive: (identity: string) => Promise<boolean>;
}

/** Size of one read when hashing, in bytes. */
const CHUNK = 1024 * 1024;

/** Opens the cache in a directory, which is created when it is first written to. Several runs may share it. */
export function createBlobCache(directory: string, owner: Owner): BlobCache {
  const blobs = join(directory, 'blobs');
  const fileOf = (digest: string) => join(blobs, blobPath(digest));
  const partial = `.partial-${owner.identity}-${randomUUID().slice(0, 8)}`;
  return {
    directory: blobs,
    partial,
    holds: async ({ digest, size }) => {
      const stats = await stat(fileOf(digest)).catch(() => undefined);
      if (stats?.size !== size) return false;
      const hash = hashFor(digest);
      for await (const chunk of createReadStream(fileOf(digest), { highWaterMark: CHUNK }))
        hash.update(chunk);
      return digest.endsWith(`:${hash.digest('hex')}`);
    },
    read: async (digest) => {
      const bytes = await readFile(fileOf(digest)).catch(() => undefined);
      return bytes !== undefined && digestOf(bytes, digest) === digest ? bytes : undefined;
    },
    write: async (digest, bytes) => {
      const file = fileOf(digest);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeInPlace(file, bytes, { partial: `${file}${partial}`, mode: 0o600 });
    },
    adopt: async (digests) => {
      const wanted = new Set(digests.map(blobPath));
      for (const algorithm of ['sha256', 'sha512']) {
        const names = await readdir(join(blobs, algorithm)).catch(() => []);
        for (const name of names) {
          const [, hex, identity] = /^(\w+)\.partial-(\d+-\d+)-/.exec(name) ?? [];
          if (hex === undefined || identity === undefined || (await owner.isAlive(identity))) continue;
          const file = join(blobs, algorithm, name);
          if (!wanted.has(`${algorithm}/${hex}`)) await rm(file, { force: true });
          // Another run may have renamed it first.
          else await rename(file, join(blobs, algorithm, `${hex}${partial}`)).catch(() => undefined);
        }
      }
    },
    layOut: async (place, manifest, digests) => {
      for (const digest of new Set([manifest.digest, ...digests])) {
        const file = join(place, 'blobs', blobPath(digest));
        await mkdir(dirname(file), { recursive: true });
        await link(fileOf(digest), file);
      }
      const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [manifest] };
      await writeLayoutIndex(place, JSON.stringify(index));
    },
  };
}
