import type { TrustIdentity } from './identity.ts';
import { prehashHint, type TrustKey } from './public-key.ts';
import type { Refusal } from './refusal.ts';
import { reasonOf, type Signature, type Unusable } from './signature.ts';

/** The signer of a valid signature, or why the signature is refused. */
export type Judgement =
  | { readonly signer: TrustKey | TrustIdentity; readonly refusal?: undefined }
  | { readonly refusal: Refusal; readonly signer?: undefined };

/** Verifies a signature. */
export function judge(
  signature: Signature | Unusable,
  keys: readonly TrustKey[],
  identities: readonly TrustIdentity[] = [],
): Judgement {
  if ('reason' in signature) return { refusal: { kind: 'unreadable', text: signature.reason } };
  const refusals = identities.map((identity) => signature.refusedBy(identity));
  const signer =
    keys.find((candidate) => signature.madeBy(candidate.key)) ??
    identities.find((_, index) => refusals[index] === undefined);
  if (!signer) {
    const reason = keys.length > 0 ? undefined : refusals[0];
    const text = reason ?? `was made by an unknown key, or its content was changed${prehashHint(keys)}`;
    return { refusal: { kind: 'signer', text } };
  }
  try {
    const objection = signature.objection();
    return objection ? { refusal: objection } : { signer };
  } catch (error) {
    return { refusal: { kind: 'unreadable', text: reasonOf(error) } };
  }
}

/** Makes text from a registry safe for a terminal: without control characters, and of limited length. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, '?').slice(0, 400);
}
