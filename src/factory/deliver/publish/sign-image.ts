import { FactoryError } from '../../../common/errors/factory-error.ts';
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from '../../../common/oci/registry/image-reference.ts';
import { registryReader } from '../../../common/oci/registry/registry-reader.ts';
import type { SignatureForm } from '../../../common/trust/signature.ts';
import { formsSignedBy } from '../../../common/trust/verify-image.ts';
import { atPlaces, type RegistryAccess } from '../../inputs/base/resolve-image.ts';
import type { Signer } from '../../signing/signer.ts';
import { signImageWith } from '../../tools/cosign.ts';
import { cosignRegistry } from './registry-settings.ts';

/** A signed image. */
export interface SignedImage {
  /** `REGISTRY/NAME@sha256:DIGEST`. */
  readonly image: string;
  readonly digest: string;
  readonly forms: readonly SignatureForm[];
  /** Whether all signatures existed before. */
  readonly unchanged: boolean;
}

/** Options of {@link signImage}. */
export interface ImageSigning {
  readonly access: RegistryAccess;
  readonly signer: Signer;
  /** Whether to sign the images of an index too. */
  readonly recursive?: boolean;
  readonly say: (text: string) => void;
}

/**
 * Signs an image in a registry by its digest. Resolves a tag first and reports the digest, checks afterwards that the
 * registry stores the signature, and skips a form that the key has already signed.
 * @param text `REGISTRY/NAME:TAG` or `REGISTRY/NAME@DIGEST`
 * @throws FactoryError `step` when there is no such image or it cannot be signed, `verification` when the registry does not
 *   store the signature
 */
export async function signImage(text: string, signing: ImageSigning): Promise<SignedImage> {
  const { access, signer, recursive = false, say } = signing;
  const reference = parseImageReference(text);
  const digest = await digestOfImage(reference, access, say);
  const image = formatImageReference({ ...reference, tag: undefined, digest });
  const exact = parseImageReference(image);
  const existing = await signedForms(exact, signing);
  const missing = recursive ? signer.forms : signer.forms.filter((form) => !existing.has(form));
  const registry = cosignRegistry(reference.registry, access.registries);
  for (const form of missing) {
    say(`signing ${image} (${form})`);
    await signImageWith(access.runner, signer.cosign, {
      image,
      classic: form === 'classic',
      recursive,
      registry,
    });
  }
  if (missing.length > 0 && signer.publicKey !== undefined) {
    const now = await signedForms(exact, signing);
    const lost = signer.forms.filter((form) => !now.has(form));
    if (lost.length > 0) {
      throw new FactoryError(
        'SIGNATURE_NOT_STORED',
        `${image} was signed, but the registry does not have the signature`,
        {
          details: lost.map((form) => `no ${form} signature by ${signer.name}`),
          remedy:
            'Check that this account has write access. If the registry keeps no list of referrers, as GitLab, use the signature format classic.',
        },
      );
    }
  }
  return { image, digest, forms: signer.forms, unchanged: missing.length === 0 };
}

/**
 * Resolves an image to its digest at the registry itself, because mirrors may lag behind.
 * @throws FactoryError `step` when there is no such image, `verification` when the manifest does not match its digest
 */
export async function digestOfImage(
  reference: ImageReference,
  access: RegistryAccess,
  say: (text: string) => void,
): Promise<string> {
  const { digest } = await atOrigin(access, reference, ({ registry }) => registry.getManifestBytes());
  if (reference.digest === undefined) say(`${formatImageReference(reference)} is ${digest}`);
  return digest;
}

/** Calls `use` with the registry that the image names, never with a mirror. */
export function atOrigin<T>(
  access: RegistryAccess,
  image: ImageReference,
  use: Parameters<typeof atPlaces<T>>[1],
): Promise<T> {
  const registries = access.registries.map((entry) => ({ ...entry, mirrors: [] }));
  const origin = { access: { ...access, registries }, image, warn: () => undefined };
  return atPlaces(origin, use);
}

async function signedForms(
  reference: ImageReference,
  { access, signer }: ImageSigning,
): Promise<ReadonlySet<SignatureForm>> {
  const { publicKey } = signer;
  if (publicKey === undefined) return new Set();
  return atOrigin(access, reference, ({ registry }) =>
    formsSignedBy(registryReader(registry), reference.digest ?? '', publicKey),
  );
}
