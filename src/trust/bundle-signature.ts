import type { KeyObject } from 'node:crypto';
import { bundleFromJSON, isBundleWithDsseEnvelope, isBundleWithPublicKey } from '@sigstore/bundle';
import { type SignedEntity, toSignedEntity, Verifier } from '@sigstore/verify';
import { z } from 'zod';
import {
  type Descriptor,
  parseJson,
  type RegistryReader,
  readBlob,
  readManifest,
} from './registry-reader.ts';
import { reasonOf, type Signature, type Signatures, unlessUnusable } from './signature.ts';

/** Media types of sigstore bundles begin like this; the version follows (cosign, specs/BUNDLE_SPEC.md). */
const BUNDLE = 'application/vnd.dev.sigstore.bundle';
/** What a bundle's manifest says about the statement inside: a hint only, for skipping SBOMs and provenance unread. */
const PREDICATE_ANNOTATION = 'dev.sigstore.bundle.predicateType';
/** The predicate of `cosign sign` (written by cosign 3.1.3); attestations have others. */
const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';
const STATEMENT_TYPES = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** The signed statement (in-toto attestation spec, v1/statement). */
const statement = z.object({
  _type: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
});

/**
 * The sigstore bundles that refer to the image (cosign, specs/BUNDLE_SPEC.md): found through the referrers API, or
 * through the tag `sha256-HEX` where a registry has no such API (OCI distribution spec, "Referrers Tag Schema").
 */
export async function* bundleSignatures(registry: RegistryReader, digest: string): Signatures {
  const found: Descriptor[] = [];
  try {
    found.push(...(await registry.referrers(digest)));
    if (found.length === 0) {
      found.push(...((await readManifest(registry, digest.replace(':', '-')))?.manifests ?? []));
    }
  } catch (error) {
    yield { form: 'bundle', place: `referrers of ${digest}`, reason: reasonOf(error) };
  }
  for (const referrer of found.filter(mayBeSignature)) {
    yield await unlessUnusable('bundle', referrer.digest, () => readSignature(registry, referrer, digest));
  }
}

function mayBeSignature({ artifactType, annotations }: Descriptor): boolean {
  const predicate = annotations?.[PREDICATE_ANNOTATION] ?? SIGN_PREDICATE;
  return (artifactType?.startsWith(BUNDLE) ?? false) && predicate === SIGN_PREDICATE;
}

async function readSignature(
  registry: RegistryReader,
  referrer: Descriptor,
  digest: string,
): Promise<Signature> {
  const manifest = await readManifest(registry, referrer.digest);
  const layers = manifest?.layers.filter(({ mediaType }) => mediaType.startsWith(BUNDLE)) ?? [];
  const [layer] = layers;
  if (!layer || layers.length > 1) throw new Error(`its manifest has ${layers.length} bundles, not one`);
  const { entity, payload } = parseBundle(await readBlob(registry, layer.digest));
  return {
    form: 'bundle',
    place: referrer.digest,
    madeBy: (key) => verifies(entity, key),
    objection: () => objection(payload, digest),
  };
}

/** @throws Error for what is no bundle with a statement signed by a plain key */
function parseBundle(bytes: Uint8Array): { entity: SignedEntity; payload: Uint8Array } {
  const bundle = bundleFromJSON(parseJson(z.json(), bytes));
  if (!isBundleWithPublicKey(bundle)) throw new Error('it was signed with a certificate, not with a key');
  if (!isBundleWithDsseEnvelope(bundle)) throw new Error('it signs a file, not a statement on an image');
  const { payload, payloadType } = bundle.content.dsseEnvelope;
  if (payloadType !== PAYLOAD_TYPE) throw new Error(`its payload is ${payloadType}, not ${PAYLOAD_TYPE}`);
  // A key is trusted because the policy names it: logs and timestamps prove nothing more to a node, which may be offline.
  const material = { ...bundle.verificationMaterial, tlogEntries: [], timestampVerificationData: undefined };
  return { entity: toSignedEntity({ ...bundle, verificationMaterial: material }), payload };
}

/** With nothing in the trust material but the key, a signature by any other key or certificate cannot hold. */
function verifies(entity: SignedEntity, publicKey: KeyObject): boolean {
  const trust = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey: () => ({ publicKey, validFor: () => true }),
  };
  try {
    new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(entity);
    return true;
  } catch {
    return false;
  }
}

function objection(payload: Uint8Array, digest: string): string | undefined {
  const { _type, subject, predicateType } = parseJson(statement, payload);
  if (!STATEMENT_TYPES.includes(_type)) return `is no in-toto statement but "${_type}"`;
  if (predicateType !== SIGN_PREDICATE) return `is a statement of another kind, ${predicateType}`;
  const signed = subject.map((one) => `sha256:${one.digest['sha256']}`);
  return signed.includes(digest) ? undefined : `is for another image, ${signed.join(', ')}`;
}
