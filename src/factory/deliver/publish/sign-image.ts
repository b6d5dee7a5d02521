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

/** An image that has been signed. */
export interface SignedImage {
  /** `REGISTRY/NAME@sha256:DIGEST`. */
  readonly image: string;
  readonly digest: string;
  readonly forms: readonly SignatureForm[];
  /** Whether it had all of these signatures before. */
  readonly unchanged: boolean;
}

/** What signing images takes. */
export interface ImageSigning {
  readonly access: RegistryAccess;
  readonly signer: Signer;
  /** Sign the images of an index, too. */
  readonly recursive?: boolean;
  readonly say: (text: string) => void;
}

/**
 * Signs an image of a registry, always by its digest; what a tag stands for is asked first, and said. Afterwards the
 * registry has to have the signature. A signature of the same key and form is not made a second time.
 * @param text `REGISTRY/NAME:TAG` or `REGISTRY/NAME@DIGEST`
 * @throws FactoryError `step` when there is no such image or it cannot be signed, `verification` when the signature does
 *   not arrive
 */
export async function signImage(text: string, signing: ImageSigning): Promise<SignedImage> {
  const { access, signer, recursive = false, say } = signing;
  const reference = parseImageReference(text);
  const digest = await digestOfImage(reference, access, say);
  const image = formatImageReference({ ...reference, tag: undefined, digest });
  const exact = parseImageReference(image);
  const there = await signedForms(exact, signing);
  const missing = recursive ? signer.forms : signer.forms.filter((form) => !there.has(form));
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
        `${image} was signed, and the registry does not have the signature`,
        {
          details: lost.map((form) => `there is no ${form} signature by ${signer.name}`),
          remedy:
            'Check that the registry keeps what refers to an image, and that this account may write there.',
        },
      );
    }
  }
  return { image, digest, forms: signer.forms, unchanged: missing.length === 0 };
}

/**
 * What an image of a registry is, by the registry itself: mirrors may lag behind.
 * @throws FactoryError `step` when it has no such image, `verification` when what it says does not fit its content
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

/** Does something at the registry that an image is named by, and at no mirror. */
export function atOrigin<T>(
  access: RegistryAccess,
  image: ImageReference,
  use: Parameters<typeof atPlaces<T>>[3],
): Promise<T> {
  const registries = access.registries.map((entry) => ({ ...entry, mirrors: [] }));
  return atPlaces({ ...access, registries }, image, () => undefined, use);
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
