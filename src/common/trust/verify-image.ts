import { FactoryError } from '../errors/factory-error.ts';
import type { RegistryReader } from '../oci/registry/repository-reader.ts';
import { bundleSignatures } from './bundle-signature.ts';
import { classicSignatures } from './classic-signature.ts';
import type { TrustIdentity } from './identity.ts';
import { rulesFor, type TrustPolicy, type TrustRule } from './policy.ts';
import type { TrustKey } from './public-key.ts';
import { repositoryName } from './repository-match.ts';
import { reasonOf, type Signature, type SignatureForm, type Signatures, type Unusable } from './signature.ts';

/** What is to be verified. */
export interface ImageToVerify {
  /** Host and port, as in the reference that the person gave: mirrors do not change who speaks for an image. */
  readonly registry: string;
  readonly repository: string;
  /**
   * Digests of which one has to be signed, in the order in which they are tried: the index, then the manifest of the
   * platform. The caller has found each through the content of the one before.
   */
  readonly digests: readonly [string, ...string[]];
}

/** Proof that an image is what the policy asks for. */
export interface Verified {
  /** The digest that was signed. */
  readonly digest: string;
  /** What held, at least one for each key that was needed. */
  readonly signatures: readonly {
    readonly form: SignatureForm;
    /** The digest of the signature in the registry. */
    readonly place: string;
    /** The file name of the key, or the identity of a certificate. */
    readonly key: string;
    readonly fingerprint: string;
  }[];
  /** The entries of the policy that asked for it: their `match`. */
  readonly rules: readonly string[];
}

/** So many signatures are looked at, whatever the registry lists. */
const MAX_SIGNATURES = 100;

/**
 * Checks that enough keys of the policy have signed an image. Reads nothing but through the registry reader, and trusts
 * nothing that comes from there.
 * @throws FactoryError `verification` when no entry of the policy speaks for the repository, or too few keys have
 * signed; it says of every signature why it did not count
 */
export async function verifyImage(
  registry: RegistryReader,
  image: ImageToVerify,
  policy: TrustPolicy,
): Promise<Verified> {
  const name = repositoryName(image.registry, image.repository);
  const rules = rulesFor(policy, name);
  if (rules.length === 0) {
    throw new FactoryError('TRUST_POLICY_SILENT', `no entry of the trust policy speaks for ${name}`, {
      details: policy.rules.map(({ match, place }) => `${place}: ${match}`),
      remedy: `Use an image from a repository that the policy names, or add an entry for ${name} to it.`,
    });
  }
  const malformed = image.digests.find((digest) => !/^sha256:[0-9a-f]{64}$/.test(digest));
  if (malformed !== undefined) {
    throw new FactoryError('DIGEST_MISMATCH', `${name}: "${malformed}" is no sha256 digest`, {
      remedy: 'Use an image whose registry names it by sha256.',
    });
  }
  const refusals: string[] = [];
  let left = MAX_SIGNATURES;
  for (const digest of image.digests) {
    const outcome = await verifyDigest(registry, digest, rules, left);
    if (outcome.verified) return outcome.verified;
    refusals.push(...outcome.refusals);
    left -= outcome.seen;
  }
  throw refused(name, rules, refusals);
}

interface Outcome {
  readonly verified?: Verified;
  readonly refusals: readonly string[];
  readonly seen: number;
}

/** Looks at the signatures of one digest until all rules hold, or `limit` have been seen. */
async function verifyDigest(
  registry: RegistryReader,
  digest: string,
  rules: readonly TrustRule[],
  limit: number,
): Promise<Outcome> {
  const keys = new Map(rules.flatMap((rule) => rule.keys).map((key) => [key.fingerprint, key]));
  const identities = rules.flatMap((rule) => rule.identities ?? []);
  const signatures: Verified['signatures'][number][] = [];
  const refusals: string[] = [];
  const signed = new Set<string>();
  let seen = 0;
  for await (const signature of allSignatures(registry, digest, identities.length > 0)) {
    if (seen === limit) {
      refusals.push(`${digest} has more signatures; only ${MAX_SIGNATURES} are looked at`);
      break;
    }
    seen += 1;
    const { form, place } = signature;
    const result = judge(signature, [...keys.values()], identities);
    if (typeof result === 'string') {
      refusals.push(printable(`${form} signature ${place} ${result}`));
      continue;
    }
    signed.add(result.fingerprint);
    signatures.push({ form, place, key: result.name, fingerprint: result.fingerprint });
    if (rules.every((rule) => holds(rule, signed))) {
      return {
        verified: { digest, signatures, rules: rules.map(({ match }) => match) },
        refusals,
        seen,
      };
    }
  }
  if (seen === 0) refusals.push(`${digest} is not signed`);
  refusals.push(...signatures.map(({ form, place, key }) => `${form} signature ${place} is good, by ${key}`));
  return { refusals, seen };
}

/** Today's form first; the classic one is asked for only when that was not enough. */
async function* allSignatures(registry: RegistryReader, digest: string, certificates: boolean): Signatures {
  yield* bundleSignatures(registry, digest, { certificates });
  yield* classicSignatures(registry, digest);
}

/** Who made a signature that speaks for the image, or why there is nobody. */
export function judge(
  signature: Signature | Unusable,
  keys: readonly TrustKey[],
  identities: readonly TrustIdentity[] = [],
): TrustKey | TrustIdentity | string {
  if ('reason' in signature) return signature.reason;
  const refusals = identities.map((identity) => signature.refusedBy(identity));
  const signer =
    keys.find((candidate) => signature.madeBy(candidate.key)) ??
    identities.find((_, index) => refusals[index] === undefined);
  if (!signer) {
    const reason = keys.length > 0 ? undefined : refusals[0];
    return reason ?? `was made by an unknown key, or its content was changed${prehashHint(keys)}`;
  }
  try {
    return signature.objection() ?? signer;
  } catch (error) {
    return reasonOf(error);
  }
}

/** The forms in which a key has signed a digest. */
export async function formsSignedBy(
  registry: RegistryReader,
  digest: string,
  key: TrustKey,
): Promise<ReadonlySet<SignatureForm>> {
  const forms = new Set<SignatureForm>();
  let seen = 0;
  for await (const signature of allSignatures(registry, digest, false)) {
    if (judge(signature, [key]) === key) forms.add(signature.form);
    seen += 1;
    if (seen === MAX_SIGNATURES) break;
  }
  return forms;
}

/**
 * cosign signs with Ed25519 keys in the variant Ed25519ph (its `GetDefaultLoadOptions`, 3.1.3), which neither OpenSSL 3
 * through Node nor Bun's BoringSSL can check; signatures by plain Ed25519 come from other tools.
 */
function prehashHint(keys: readonly TrustKey[]): string {
  const named = keys.find(({ key }) => key.asymmetricKeyType === 'ed25519')?.name;
  return named ? `; of ${named} only plain Ed25519 can be checked, not the Ed25519ph of cosign` : '';
}

/** What a registry says must not reach the terminal as control characters, nor at any length. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?').slice(0, 400);
}

/** Whether enough different keys have signed; a key that signed twice counts once. */
function holds(rule: TrustRule, signed: ReadonlySet<string>): boolean {
  const different = new Set([...rule.keys, ...(rule.identities ?? [])].map(({ fingerprint }) => fingerprint));
  return [...different].filter((fingerprint) => signed.has(fingerprint)).length >= rule.threshold;
}

function refused(name: string, rules: readonly TrustRule[], refusals: readonly string[]): FactoryError {
  const wanted = rules.map(({ keys, identities = [], threshold, place }) => {
    const files = [...new Set([...keys, ...identities].map((signer) => signer.name))].join(', ');
    return `${place}: wants ${threshold === 1 ? 'a signature' : `signatures by ${threshold} different keys`} of ${files}`;
  });
  return new FactoryError('SIGNATURE_REFUSED', `${name} is not signed as the trust policy asks`, {
    details: [...refusals, ...wanted],
    remedy:
      'Sign the image by its digest with a key of the policy (docs/trust.md), or choose one that is signed.',
  });
}
