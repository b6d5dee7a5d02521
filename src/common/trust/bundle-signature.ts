import {
  type Descriptor,
  MAX_BYTES,
  type RegistryReader,
  readBlob,
  readManifest,
} from '../oci/registry/repository-reader.ts';
import { parseSignedStatement, SIGN_PREDICATE, statementObjection } from './bundle.ts';
import { type Signature, type Signatures, unlessUnusable, unusable } from './signature.ts';

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
 * The artifact types of entries that say nothing about their manifest: cosign 3 lists its bundles with the type of their
 * empty configuration (sigstore/cosign#4422).
 */
const UNSTATED = [undefined, '', 'application/vnd.oci.empty.v1+json'];
/** Maximum number of manifests of unstated type to read, however many the registry lists. */
const MAX_UNSTATED = 100;

/** Yields the sigstore bundles that refer to an image (cosign, specs/BUNDLE_SPEC.md). */
export async function* bundleSignatures(
  registry: RegistryReader,
  digest: string,
  options: BundleOptions = {},
): Signatures {
  const { predicate = SIGN_PREDICATE } = options;
  const place = `referrers of ${digest}`;
  const found: Descriptor[] = [];
  try {
    found.push(...(await registry.referrers(digest)));
  } catch (error) {
    yield unusable('bundle', place, error);
  }
  let unstated = 0;
  for (const referrer of found.filter((descriptor) => mayHavePredicate(descriptor, predicate))) {
    if (UNSTATED.includes(referrer.artifactType)) unstated += 1;
    if (unstated > MAX_UNSTATED) {
      const reason = `are more than ${MAX_UNSTATED} of an unstated type; the others are not read`;
      yield { form: 'bundle', place, reason };
      return;
    }
    const signature = await unlessUnusable('bundle', referrer.digest, () =>
      readSignature(registry, referrer, { ...options, digest, predicate }),
    );
    if (signature) yield signature;
  }
}

function mayHavePredicate({ artifactType, annotations }: Descriptor, predicate: string): boolean {
  const mayBeBundle = artifactType?.startsWith(BUNDLE) || UNSTATED.includes(artifactType);
  return mayBeBundle && (annotations?.[PREDICATE_ANNOTATION] ?? predicate) === predicate;
}

/** @returns `undefined` for a manifest of unstated type that has no bundle, and for one with another predicate type */
async function readSignature(
  registry: RegistryReader,
  referrer: Descriptor,
  {
    digest,
    predicate,
    certificates = false,
    limit = MAX_BYTES,
  }: BundleOptions & { readonly digest: string; readonly predicate: string },
): Promise<Signature | undefined> {
  const manifest = await readManifest(registry, referrer.digest);
  const layers = manifest?.layers.filter(({ mediaType }) => mediaType.startsWith(BUNDLE)) ?? [];
  const [layer] = layers;
  if (!layer && UNSTATED.includes(referrer.artifactType)) return undefined;
  if (!layer || layers.length > 1) throw new Error(`its manifest has ${layers.length} bundles, not one`);
  if (!mayHavePredicate({ ...referrer, annotations: manifest?.annotations }, predicate)) return undefined;
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
