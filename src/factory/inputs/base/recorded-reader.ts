import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { writeInPlace } from '../../../common/files/output-file.ts';
import type { RegistryReader } from '../../../common/oci/registry/repository-reader.ts';

const Descriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** The answers of a registry about the signatures of an image; bytes are in base64. */
const Recording = z.strictObject({
  manifests: z.record(
    z.string(),
    z.object({ bytes: z.string(), mediaType: z.string(), digest: z.string() }).nullable(),
  ),
  blobs: z.record(z.string(), z.string()),
  referrers: z.record(z.string(), z.array(Descriptor)),
});
type Recording = z.infer<typeof Recording>;

/** A reader that records the answers it gets. */
export interface RecordingReader extends RegistryReader {
  /** Writes the record to a file atomically. */
  save(file: string): Promise<void>;
}

/** Wraps a reader and records its answers for offline use. They are verified again then, like fresh answers. */
export function recordingReader(reader: RegistryReader): RecordingReader {
  const kept: Recording = { manifests: {}, blobs: {}, referrers: {} };
  return {
    manifest: async (name) => {
      const found = await reader.manifest(name);
      kept.manifests[name] = found ? { ...found, bytes: Buffer.from(found.bytes).toString('base64') } : null;
      return found;
    },
    blob: async (digest, limit) => {
      const bytes = await reader.blob(digest, limit);
      kept.blobs[digest] = Buffer.from(bytes).toString('base64');
      return bytes;
    },
    referrers: async (digest) => {
      const found = await reader.referrers(digest);
      kept.referrers[digest] = found.map((each) => ({ ...each }));
      return found;
    },
    save: async (file) => {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const partial = `${file}.partial-${process.pid}`;
      await writeInPlace(file, JSON.stringify(kept), { partial, mode: 0o600 });
    },
  };
}

/** Opens a recording as a reader; `undefined` when the file does not exist or is not usable. */
export async function recordedReader(file: string): Promise<RegistryReader | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let kept: Recording;
  try {
    kept = Recording.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
  return {
    manifest: async (name) => {
      const found = kept.manifests[name];
      return found ? { ...found, bytes: Buffer.from(found.bytes, 'base64') } : undefined;
    },
    blob: async (digest) => {
      const text64 = kept.blobs[digest];
      if (text64 === undefined) throw new Error('is not in the cache');
      return Buffer.from(text64, 'base64');
    },
    referrers: async (digest) => kept.referrers[digest] ?? [],
  };
}
