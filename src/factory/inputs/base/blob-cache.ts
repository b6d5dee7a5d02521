import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf, hashFor } from '../../../common/files/digest.ts';
import { type Descriptor, MEDIA } from '../../../common/oci/registry/image-manifest.ts';

/** Content of registries by digest, as files of the cache. */
export interface BlobCache {
  readonly directory: string;
  /** Ending of unfinished blobs of this run. */
  readonly partial: string;
  /** Whether there is a blob, whole and undamaged. */
  holds(blob: Descriptor): Promise<boolean>;
  /** A small blob, checked; `undefined` when it is not there or damaged. */
  read(digest: string): Promise<Uint8Array | undefined>;
  /** Keeps a small blob whose digest has been checked. */
  write(digest: string, bytes: Uint8Array): Promise<void>;
  /** Takes over what dead runs have left of these blobs, to go on with, and removes what else they left. */
  adopt(digests: readonly string[]): Promise<void>;
  /**
   * Makes an OCI layout with one image (image-spec 1.1, "Image Layout") in an empty directory of the same filesystem: its
   * blobs are hard links, so it takes no space, and stays whole whatever becomes of the cache.
   */
  layOut(directory: string, manifest: Descriptor, blobs: readonly string[]): Promise<void>;
}

/** Whose unfinished files are whose. */
export interface Owner {
  /** Of this run. */
  readonly identity: string;
  readonly isAlive: (identity: string) => boolean;
}

/** Bytes that are hashed at a time. */
const CHUNK = 1024 * 1024;

/** The path of a blob in an OCI layout. */
export function blobPath(digest: string): string {
  return digest.replace(':', '/');
}

/** Opens the cache in a directory, which is made when something is put there. Runs may share it. */
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
      await writeFile(`${file}${partial}`, bytes, { mode: 0o600 });
      await rename(`${file}${partial}`, file);
    },
    adopt: async (digests) => {
      const wanted = new Set(digests.map(blobPath));
      for (const algorithm of ['sha256', 'sha512']) {
        const names = await readdir(join(blobs, algorithm)).catch(() => []);
        for (const name of names) {
          const [, hex, identity] = /^(\w+)\.partial-(\d+-\d+)-/.exec(name) ?? [];
          if (hex === undefined || identity === undefined || owner.isAlive(identity)) continue;
          const file = join(blobs, algorithm, name);
          if (!wanted.has(`${algorithm}/${hex}`)) await rm(file, { force: true });
          // Another run may have been quicker.
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
      await writeFile(join(place, 'index.json'), JSON.stringify(index));
      await writeFile(join(place, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    },
  };
}
