import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { digestOf, hashFile } from '../../common/files/digest.ts';
import { bytesBlob, fileBlob } from '../../common/oci/registry/blob-content.ts';
import { downloadBlobs } from '../../common/oci/registry/blob-store.ts';
import { PERSON_CLIENT, PUSHING_CLIENT } from '../../common/oci/registry/client.ts';
import { MEDIA } from '../../common/oci/registry/image-manifest.ts';
import type { ImageReference } from '../../common/oci/registry/image-reference.ts';
import { openRegistry } from '../../common/oci/registry/registry.ts';
import { registryReader } from '../../common/oci/registry/registry-reader.ts';
import { openRegistryWriter } from '../../common/oci/registry/registry-writer.ts';
import type { TrustKey } from '../../common/trust/public-key.ts';
import { verifyFile } from '../../common/trust/verify-file.ts';
import type { RegistrySettings } from '../config/registries.ts';
import { connectRegistry } from '../inputs/base/connect-registry.ts';
import type { Signer } from '../signing/signer.ts';
import { signBlob } from '../tools/cosign.ts';
import type { Runner } from '../tools/runner.ts';
import {
  contentOf,
  LIMIT,
  parseRecord,
  partsOf,
  RESULT_MEDIA,
  type ResultRecord,
  resultManifest,
  resultTag,
  type SharedBlob,
} from './result-record.ts';

/** A repository with results of steps. All methods throw FactoryError as the registry client does. */
export interface ResultRegistry {
  /**
   * Reads the record of a result, and verifies its signature.
   * @returns `undefined` when the registry has none
   * @throws FactoryError `verification` when the record cannot be trusted
   */
  find(step: string, key: string): Promise<ResultRecord | undefined>;
  /** Downloads and verifies content into a directory. @param fileName the path of a blob below the directory */
  fetch(blobs: readonly SharedBlob[], directory: string, fileName: (digest: string) => string): Promise<void>;
  /**
   * Signs and stores a result.
   * @param files the path of each blob of its content, by digest
   * @returns the bytes that it takes, without what the registry had
   */
  put(record: ResultRecord, files: ReadonlyMap<string, string>): Promise<number>;
}

/** Options of {@link openResultRegistry}. */
export interface ResultRegistryOptions {
  readonly runner: Runner;
  readonly registries: readonly RegistrySettings[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Results that one of these keys has signed are accepted. */
  readonly keys: readonly TrustKey[];
  /** Signs new results; absent for a cache that is only read. */
  readonly signer: Signer | undefined;
  /** Directory for temporary files. */
  readonly work: string;
  readonly log: (line: string) => void;
}

/** Attempts per request: another machine's result saves time, so a registry that does not answer is not waited for. */
const ATTEMPTS = 2;

/** Opens a repository with results, without sending a request. @throws FactoryError `usage` when its certificates cannot be read */
export async function openResultRegistry(
  place: Pick<ImageReference, 'registry' | 'repository'>,
  { runner, registries, env, signal, keys, signer, work, log }: ResultRegistryOptions,
): Promise<ResultRegistry> {
  const { host, insecure } = await connectRegistry(place.registry, { runner, registries, env, warn: log });
  const reference = { ...place, tag: undefined, digest: undefined };
  const options = { insecure, signal, attempts: ATTEMPTS };
  const writer = signer && openRegistryWriter(host, reference, { ...options, client: PUSHING_CLIENT });
  const registry = writer?.reader ?? openRegistry(host, reference, { ...options, client: PERSON_CLIENT });
  const reader = registryReader(registry);

  return {
    find: async (step, key) => {
      const found = await reader.manifest(resultTag(step, key));
      if (found === undefined) return undefined;
      const parts = trusted(step, () => partsOf(found.bytes));
      const record = await reader.blob(parts.record.digest, LIMIT.record);
      const bundle = await reader.blob(parts.bundle.digest, LIMIT.bundle);
      await using scratch = await scratchDirectory(work);
      const file = join(scratch.path, 'record');
      await writeFile(file, record);
      await verifyFile(file, { bundle, keys, signal }).catch((error: unknown) => {
        signal.throwIfAborted();
        throw untrusted(step, error);
      });
      return trusted(step, () => parseRecord(record, { step, key }));
    },
    fetch: async (blobs, directory, fileName) => {
      const described = blobs.map((blob) => ({ ...blob, mediaType: RESULT_MEDIA.blob }));
      await downloadBlobs(host, registry, {
        blobs: described,
        directory,
        fileName,
        attempts: ATTEMPTS,
        signal,
      });
    },
    put: async (record, files) => {
      if (writer === undefined || signer === undefined) throw new RangeError('the shared cache is only read');
      await using scratch = await scratchDirectory(work);
      const [file, signature] = [join(scratch.path, 'record'), join(scratch.path, 'bundle')];
      await writeFile(file, JSON.stringify(record));
      await signBlob(runner, signer.cosign, { file, bundle: signature });
      const name = `the result of ${record.step}`;
      const content = contentOf(record);
      const [signed, bundle] = [await readFile(file), await readFile(signature)];
      const blobs = [
        bytesBlob(name, signed),
        bytesBlob(`the signature of ${name}`, bundle),
        ...content.map((blob) => fileBlob(files.get(blob.digest) ?? '', { ...blob, name })),
      ];
      let bytes = 0;
      for (const blob of blobs) if ((await writer.pushBlob(blob)) === 'uploaded') bytes += blob.size;
      const manifest = resultManifest(blobOf(signed), { bundle: blobOf(bundle), content });
      await writer.tag(
        { bytes: manifest, digest: digestOf(manifest), mediaType: MEDIA.manifest },
        resultTag(record.step, record.key),
      );
      return bytes;
    },
  };
}

function trusted<T>(step: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw untrusted(step, error);
  }
}

function untrusted(step: string, error: unknown): FactoryError {
  return new FactoryError('SIGNATURE_REFUSED', `its result of ${step} ${messageOf(error)}`, {
    remedy: 'List the key that signs results in cache.verify, or remove the result from the registry.',
    cause: error,
  });
}

function blobOf(bytes: Uint8Array): SharedBlob {
  return { digest: digestOf(bytes), size: bytes.length };
}

/** Describes a file as content of a result. */
export async function fileContent(file: string, signal: AbortSignal): Promise<SharedBlob> {
  return { digest: `sha256:${await hashFile(file, signal)}`, size: (await stat(file)).size };
}

/** A directory for temporary files, removed when disposed of. */
export async function scratchDirectory(work: string): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(work, 'shared-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
