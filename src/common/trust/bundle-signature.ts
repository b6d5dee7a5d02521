import {
  type Descriptor,
  MAX_BYTES,
  type RegistryReader,
  readBlob,
  readManifest,
} from '../oci/registry/repository-reader.ts';
import { parseSignedStatement, SIGN_PREDICATE, statementObjection } from './bundle.ts';
import { reasonOf, type Signature, type Signatures, unlessUnusable } from './signature.ts';

/** Prefix of the media types of sigstore bundles; the version follows (cosign, specs/BUNDLE_SPEC.md). */
const BUNDLE = 'application/vnd.dev.sigstore.bundle';
/** The predicate type that a bundle's manifest states: only a hint, for skipping other kinds unread. */
const PREDICATE_ANNOTATION = 'dev.sigstore.bundle.predicateType';

/** Options of {@link bundleSignatures}. */
export interface BundleOptions {
  /** Whether signers may be identified by a certificate. */
  readonly certificates?: boolean;
  /** The predicate type to look for; that of `cosign sign` by default. */
  readonly predicate?: string;
  /** Maximum size of a bundle, in bytes. */
  readonly limit?: number;
}

/**
 * Yields the sigstore bundles that refer to an image (cosign, specs/BUNDLE_SPEC.md). They are found through the referrers
 * API, or through the tag `sha256-HEX` if the registry lacks that API (OCI distribution spec, "Referrers Tag Schema").
 */
export async function* bundleSignatures(
  registry: RegistryReader,
  digest: string,
  options: BundleOptions = {},
): Signatures {
  const { predicate = SIGN_PREDICATE } = options;
  const found: Descriptor[] = [];
  try {
    found.push(...(await registry.referrers(digest)));
    if (found.length === 0) {
      found.push(...((await readManifest(registry, digest.replace(':', '-')))?.manifests ?? []));
    }
  } catch (error) {
    yield { form: 'bundle', place: `referrers of ${digest}`, reason: reasonOf(error) };
  }
  for (const referrer of found.filter((descriptor) => mayHavePredicate(descriptor, predicate))) {
    yield await unlessUnusable('bundle', referrer.digest, () =>
      readSignature(registry, referrer, { ...options, digest }),
    );
  }
}

function mayHavePredicate({ artifactType, annotations }: Descriptor, predicate: string): boolean {
  const stated = annotations?.[PREDICATE_ANNOTATION] ?? predicate;
  return (artifactType?.startsWith(BUNDLE) ?? false) && stated === predicate;
}

async function readSignature(
  registry: RegistryReader,
  referrer: Descriptor,
  {
    digest,
    certificates = false,
    predicate = SIGN_PREDICATE,
    limit = MAX_BYTES,
  }: BundleOptions & { readonly digest: string },
): Promise<Signature> {
  const manifest = await readManifest(registry, referrer.digest);
  const layers = manifest?.layers.filter(({ mediaType }) => mediaType.startsWith(BUNDLE)) ?? [];
  const [layer] = layers;
  if (!layer || layers.length > 1) throw new Error(`its manifest has ${layers.length} bundles, not one`);
  const signed = parseSignedStatement(await readBlob(registry, layer.digest, limit), { certificates });
  return {
    form: 'bundle',
    place: referrer.digest,
    statement: signed.payload,
    madeBy: signed.madeBy,
    refusedBy: signed.refusedBy,
    objection: () => statementObjection(signed.payload, digest, predicate),
  };
}
