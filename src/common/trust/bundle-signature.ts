import {
  type Descriptor,
  MAX_BYTES,
  type RegistryReader,
  readBlob,
  readManifest,
} from '../oci/registry/repository-reader.ts';
import { parseSignedStatement, SIGN_PREDICATE, statementObjection } from './bundle.ts';
import { reasonOf, type Signature, type Signatures, unlessUnusable } from './signature.ts';

/** Media types of sigstore bundles begin like this; the version follows (cosign, specs/BUNDLE_SPEC.md). */
const BUNDLE = 'application/vnd.dev.sigstore.bundle';
/** What a bundle's manifest says about the statement inside: a hint only, for skipping other kinds unread. */
const PREDICATE_ANNOTATION = 'dev.sigstore.bundle.predicateType';

/** Which bundles are looked for. */
export interface BundleOptions {
  /** Whether somebody may be known by a certificate. */
  readonly certificates?: boolean;
  /** Kind of the statement; that of `cosign sign` by default. */
  readonly predicate?: string;
  /** No bundle is longer, in bytes. */
  readonly limit?: number;
}

/**
 * The sigstore bundles that refer to the image (cosign, specs/BUNDLE_SPEC.md): found through the referrers API, or
 * through the tag `sha256-HEX` where a registry has no such API (OCI distribution spec, "Referrers Tag Schema").
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
  for (const referrer of found.filter((each) => mayBe(each, predicate))) {
    yield await unlessUnusable('bundle', referrer.digest, () =>
      readSignature(registry, referrer, digest, options),
    );
  }
}

function mayBe({ artifactType, annotations }: Descriptor, predicate: string): boolean {
  const told = annotations?.[PREDICATE_ANNOTATION] ?? predicate;
  return (artifactType?.startsWith(BUNDLE) ?? false) && told === predicate;
}

async function readSignature(
  registry: RegistryReader,
  referrer: Descriptor,
  digest: string,
  { certificates = false, predicate = SIGN_PREDICATE, limit = MAX_BYTES }: BundleOptions,
): Promise<Signature> {
  const manifest = await readManifest(registry, referrer.digest);
  const layers = manifest?.layers.filter(({ mediaType }) => mediaType.startsWith(BUNDLE)) ?? [];
  const [layer] = layers;
  if (!layer || layers.length > 1) throw new Error(`its manifest has ${layers.length} bundles, not one`);
  const signed = parseSignedStatement(await readBlob(registry, layer.digest, limit), certificates);
  return {
    form: 'bundle',
    place: referrer.digest,
    statement: signed.payload,
    madeBy: signed.madeBy,
    refusedBy: signed.refusedBy,
    objection: () => statementObjection(signed.payload, digest, predicate),
  };
}
