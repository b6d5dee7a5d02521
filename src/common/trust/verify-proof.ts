import { FactoryError, messageOf } from '../errors/factory-error.ts';
import type { RegistryReader } from '../oci/registry/repository-reader.ts';
import { printable } from './judge.ts';
import { judgedAttestations } from './judged-attestations.ts';
import type { TrustRule } from './policy.ts';
import { type LifeEvent, provenEvents, TEST_RESULT } from './proof.ts';
import { refusalText } from './refusal.ts';

/**
 * Checks that signers have attested that an image lived through events: in one attestation or in several, each about this
 * digest, without a failed test, and signed by one of the signers.
 * @throws FactoryError `verification` that names the events without proof, and why attestations were refused; `step` when too
 * few were read because the registry failed
 */
export async function verifyProof(
  registry: RegistryReader,
  { digest, events }: { readonly digest: string; readonly events: readonly LifeEvent[] },
  signers: Pick<TrustRule, 'keys' | 'identities'>,
): Promise<void> {
  const missing = new Set(events);
  const refusals: string[] = [];
  let outage: FactoryError | undefined;
  const wanted = { digest, type: TEST_RESULT };
  for await (const { attestation, refusal } of judgedAttestations(registry, wanted, signers)) {
    if ('outage' in attestation) outage ??= attestation.outage;
    if (refusal) {
      refusals.push(printable(`test result ${attestation.place} ${refusalText(refusal)}`));
      continue;
    }
    const problem = 'statement' in attestation ? subtract(missing, attestation.statement) : undefined;
    if (problem) refusals.push(printable(`test result ${attestation.place} ${problem}`));
    if (missing.size === 0) return;
  }
  throw outage ?? unproven(`the image ${digest}`, [...missing], refusals);
}

/** Removes the events that a statement proves. @returns why it proves none */
function subtract(missing: Set<LifeEvent>, statement: Uint8Array = new Uint8Array()): string | undefined {
  try {
    const proven = provenEvents(statement);
    for (const { event } of proven) missing.delete(event);
    return proven.length === 0 ? 'names no event that passed, or a test that failed' : undefined;
  } catch (error) {
    return `cannot be read: ${messageOf(error).split('\n')[0]}`;
  }
}

/**
 * The error for something without the required proof.
 * @param subject what lacks it, such as `the image DIGEST`
 */
export function unproven(
  subject: string,
  events: readonly LifeEvent[],
  details: readonly string[],
): FactoryError {
  return new FactoryError('PROOF_MISSING', `${subject} is not proven to pass: ${events.join(', ')}`, {
    details,
    remedy: 'Prove it with "kairos-factory prove" or "build --prove", and sign the result (docs/prove.md).',
  });
}
