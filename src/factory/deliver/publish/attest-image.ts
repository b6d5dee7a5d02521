import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import { registryReader } from '../../../common/oci/registry/registry-reader.ts';
import { isAttested, PREDICATES } from '../../../common/trust/verify-attestations.ts';
import type { RegistryAccess } from '../../inputs/base/resolve-image.ts';
import type { Signer } from '../../signing/signer.ts';
import { attestImageWith } from '../../tools/cosign.ts';
import { cosignRegistry } from './registry-settings.ts';
import { atOrigin } from './sign-image.ts';

/** A document to attach to an image. */
export interface Attestation {
  /** `REGISTRY/NAME@sha256:DIGEST`. */
  readonly image: string;
  /** Path of the predicate, or of an in-toto statement with the predicate. */
  readonly predicate: string;
  /** A short name of {@link PREDICATES}, or the URI of a predicate type. */
  readonly type: string;
}

/** Access and signer for {@link attestImage}. */
export interface AttestationSigning {
  readonly access: RegistryAccess;
  readonly signer: Signer;
  /** Directory for a short-lived file. */
  readonly scratch: string;
}

/** An in-toto statement (in-toto attestation spec, v1/statement). */
const Statement = z.object({
  _type: z.string().regex(/^https:\/\/in-toto\.io\/Statement\//),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
  predicate: z.record(z.string(), z.unknown()),
});

/** Returns the URI of a predicate type. @throws FactoryError `usage` for text that is neither a URI nor a known short name */
export function predicateType(type: string): string {
  const uri = Object.hasOwn(PREDICATES, type) ? PREDICATES[type as keyof typeof PREDICATES] : type;
  if (/^https?:\/\/\S+$/.test(uri)) return uri;
  throw new FactoryError('ATTESTATION_INVALID', `"${type}" is not a predicate type`, {
    remedy: `Use ${Object.keys(PREDICATES).join(', ')}, or the URI of a predicate type.`,
  });
}

/**
 * Signs a statement about an image and attaches it. cosign creates the statement about this image from the predicate. A
 * file that is itself a statement must be about this image; its predicate is used. Skips a statement that the same key has
 * already signed.
 * @throws FactoryError `usage` for a file that is not a predicate of that type, `step` when cosign fails
 */
export async function attestImage(
  { image, predicate, type }: Attestation,
  { access, signer, scratch }: AttestationSigning,
): Promise<void> {
  const uri = predicateType(type);
  const reference = parseImageReference(image);
  const { digest } = reference;
  if (digest === undefined) throw new RangeError(`${image} has no digest`);
  const content = await readPredicate(predicate, uri, digest);
  const { publicKey } = signer;
  const isAttached =
    publicKey !== undefined &&
    (await atOrigin(access, reference, ({ registry }) =>
      isAttested(registryReader(registry), { digest, type: uri, predicate: content }, publicKey),
    ));
  if (isAttached) return;
  const file = join(scratch, 'predicate.json');
  await writeFile(file, JSON.stringify(content));
  await attestImageWith(access.runner, signer.cosign, {
    image,
    predicate: file,
    // Use the URI: for short names, cosign parses the predicate into its own types and drops unknown fields.
    type: uri,
    registry: cosignRegistry(reference.registry, access.registries),
  });
}

async function readPredicate(file: string, type: string, digest: string): Promise<unknown> {
  const wrong = (problem: string, remedy: string) =>
    new FactoryError('ATTESTATION_INVALID', `${file} ${problem}`, { remedy });
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw wrong(`cannot be read: ${reasonOf(error)}`, 'Check the path and its permissions.');
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('is not JSON, so it cannot be attached', 'Give the JSON form of the document.');
  }
  const statement = Statement.safeParse(value);
  if (!statement.success) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
    throw wrong('is not a JSON object, so it cannot be attached', 'Give the document as a JSON object.');
  }
  const { predicateType: own, subject, predicate } = statement.data;
  if (own !== type)
    throw wrong(`is a statement of type ${own}, not ${type}`, 'Give the type of the statement.');
  if (!subject.some((one) => `sha256:${one.digest['sha256']}` === digest)) {
    throw wrong(`is not about the image ${digest}`, 'Give the statement about this image.');
  }
  return predicate;
}
