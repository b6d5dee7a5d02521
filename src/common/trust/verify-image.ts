import { FactoryError } from '../errors/factory-error.ts';
import type { RegistryReader } from '../oci/registry/repository-reader.ts';
import { type BundleOptions, bundleSignatures } from './bundle-signature.ts';
import { classicSignatures } from './classic-signature.ts';
import { judge, printable } from './judge.ts';
import { rulesFor, type TrustPolicy, type TrustRule } from './policy.ts';
import type { TrustKey } from './public-key.ts';
import { refusalText } from './refusal.ts';
import { repositoryName } from './repository-match.ts';
import type { SignatureForm, Signatures } from './signature.ts';
import { verifyProof } from './verify-proof.ts';

/** The image to verify. */
export interface ImageToVerify {
  /** Host and port as in the reference that the user gave: a mirror does not change whose signatures are required. */
  readonly registry: string;
  readonly repository: string;
  /**
   * Digests, one of which must be signed, in the order in which they are tried: the index, then the manifest of the
   * platform. The caller has found each of them in the content of the previous one.
   */
  readonly digests: readonly [string, ...string[]];
}

/** Proof that an image satisfies the policy. */
export interface Verified {
  /** The digest that was signed. */
  readonly digest: string;
  /** The valid signatures, at least one for each required key. */
  readonly signatures: readonly {
    readonly form: SignatureForm;
    /** The digest of the signature in the registry. */
    readonly place: string;
    /** The file name of the key, or the identity of a certificate. */
    readonly key: string;
    readonly fingerprint: string;
  }[];
  /** The `match` of each policy entry that applied. */
  readonly rules: readonly string[];
  /** The place of the entry that exempts the repository from signatures; there are none then. */
  readonly unsigned?: string;
}

/** Maximum number of signatures to examine, however many the registry lists. */
const MAX_SIGNATURES = 100;

/**
 * Verifies that enough keys of the policy have signed an image. All reads go through the registry reader, whose content
 * is not trusted.
 * @throws FactoryError `verification` when no policy entry matches the repository, too few keys have signed, or the required
 * proof is missing; its details say why each signature was refused. `step` when too few were read because the registry failed
 */
export async function verifyImage(
  registry: RegistryReader,
  image: ImageToVerify,
  policy: TrustPolicy,
): Promise<Verified> {
  const name = repositoryName(image.registry, image.repository);
  const rules = rulesFor(policy, name);
  if (rules.length === 0) {
    throw new FactoryError('TRUST_POLICY_SILENT', `no entry of the trust policy matches ${name}`, {
      details: policy.rules.map(({ match, place }) => `${place}: ${match}`),
      remedy: `Use an image from a repository that the policy names, or add an entry for ${name} to the policy.`,
    });
  }
  const malformed = image.digests.find((digest) => !/^sha256:[0-9a-f]{64}$/.test(digest));
  if (malformed !== undefined) {
    throw new FactoryError('DIGEST_MISMATCH', `${name}: "${malformed}" is not a sha256 digest`, {
      remedy: 'Use an image that its registry identifies by sha256.',
    });
  }
  const [rule] = rules;
  if (rule !== undefined && rules.every(({ unsigned }) => unsigned)) {
    const [digest] = image.digests;
    return { digest, signatures: [], rules: rules.map(({ match }) => match), unsigned: rule.place };
  }
  const refusals: string[] = [];
  let left = MAX_SIGNATURES;
  let outage: FactoryError | undefined;
  for (const digest of image.digests) {
    const outcome = await verifyDigest(registry, digest, { rules, limit: left });
    if (outcome.verified) {
      await requireProofs(registry, image, rules);
      return outcome.verified;
    }
    refusals.push(...outcome.refusals);
    outage ??= outcome.outage;
    left -= outcome.seen;
  }
  throw outage ?? refused(name, rules, refusals);
}

/** Requires the proofs of all rules for the last digest: that of the image itself, which runs, not of an index. */
async function requireProofs(
  registry: RegistryReader,
  { digests }: ImageToVerify,
  rules: readonly TrustRule[],
): Promise<void> {
  const digest = digests.at(-1) ?? digests[0];
  for (const rule of rules) {
    const { requireProof: events } = rule;
    if (events) await verifyProof(registry, { digest, events }, rule);
  }
}

interface Outcome {
  readonly verified?: Verified;
  readonly refusals: readonly string[];
  readonly seen: number;
  /** The first failure of the registry. */
  readonly outage?: FactoryError | undefined;
}

/** Examines the signatures of a digest until all rules are satisfied, or `limit` have been examined. */
async function verifyDigest(
  registry: RegistryReader,
  digest: string,
  { rules, limit }: { readonly rules: readonly TrustRule[]; readonly limit: number },
): Promise<Outcome> {
  const keys = new Map(rules.flatMap((rule) => rule.keys).map((key) => [key.fingerprint, key]));
  const identities = rules.flatMap((rule) => rule.identities ?? []);
  const signatures: Verified['signatures'][number][] = [];
  const refusals: string[] = [];
  const signed = new Set<string>();
  let seen = 0;
  let outage: FactoryError | undefined;
  for await (const signature of allSignatures(registry, digest, { certificates: identities.length > 0 })) {
    if (seen === limit) {
      refusals.push(`${digest} has more signatures; only ${MAX_SIGNATURES} are examined`);
      break;
    }
    seen += 1;
    const { form, place } = signature;
    if ('outage' in signature) outage ??= signature.outage;
    const { signer, refusal } = judge(signature, [...keys.values()], identities);
    if (refusal) {
      refusals.push(printable(`${form} signature ${place} ${refusalText(refusal)}`));
      continue;
    }
    signed.add(signer.fingerprint);
    signatures.push({ form, place, key: signer.name, fingerprint: signer.fingerprint });
    if (rules.every((rule) => holds(rule, signed))) {
      return {
        verified: { digest, signatures, rules: rules.map(({ match }) => match) },
        refusals,
        seen,
      };
    }
  }
  if (seen === 0) refusals.push(`${digest} is not signed`);
  refusals.push(
    ...signatures.map(({ form, place, key }) => `${form} signature ${place} is valid, by ${key}`),
  );
  return { refusals, seen, outage };
}

/** Bundles come first; classic signatures are only read when the bundles are not enough. */
async function* allSignatures(
  registry: RegistryReader,
  digest: string,
  options: Pick<BundleOptions, 'certificates'> = {},
): Signatures {
  const reader = listingOnce(registry);
  yield* bundleSignatures(reader, digest, options);
  yield* classicSignatures(reader, digest);
}

/** A reader that asks for the referrers of each digest once. */
function listingOnce(registry: RegistryReader): RegistryReader {
  const lists = new Map<string, ReturnType<RegistryReader['referrers']>>();
  return {
    ...registry,
    referrers: (digest) => {
      const list = lists.get(digest) ?? registry.referrers(digest);
      lists.set(digest, list);
      return list;
    },
  };
}

/** Returns the forms in which a key has signed a digest. */
export async function formsSignedBy(
  registry: RegistryReader,
  digest: string,
  key: TrustKey,
): Promise<ReadonlySet<SignatureForm>> {
  const forms = new Set<SignatureForm>();
  let seen = 0;
  for await (const signature of allSignatures(registry, digest)) {
    if (judge(signature, [key]).signer === key) forms.add(signature.form);
    seen += 1;
    if (seen === MAX_SIGNATURES) break;
  }
  return forms;
}

/** Whether enough different keys have signed; several signatures by one key count once. */
function holds(rule: TrustRule, signed: ReadonlySet<string>): boolean {
  const different = new Set([...rule.keys, ...(rule.identities ?? [])].map(({ fingerprint }) => fingerprint));
  return [...different].filter((fingerprint) => signed.has(fingerprint)).length >= rule.threshold;
}

function refused(name: string, rules: readonly TrustRule[], refusals: readonly string[]): FactoryError {
  const wanted = rules
    .filter(({ unsigned }) => !unsigned)
    .map(({ keys, identities = [], threshold, place }) => {
      const files = [...new Set([...keys, ...identities].map((signer) => signer.name))].join(', ');
      return `${place}: requires ${threshold === 1 ? 'a signature' : `signatures by ${threshold} different keys`} of ${files}`;
    });
  return new FactoryError('SIGNATURE_REFUSED', `${name} is not signed as the trust policy requires`, {
    details: [...refusals, ...wanted],
    remedy:
      'Sign the image by its digest with a key of the policy (docs/trust.md), or choose a signed image.',
  });
}
