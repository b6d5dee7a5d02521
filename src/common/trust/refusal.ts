/** Why a payload is not a statement about the image or file. */
export type Objection =
  | { readonly kind: 'payload-type'; readonly found: string; readonly expected: string }
  | { readonly kind: 'statement-type'; readonly found: string }
  | { readonly kind: 'predicate-type'; readonly found: string }
  | { readonly kind: 'subject'; readonly found: readonly string[] };

/** Why a signature is refused. */
export type Refusal =
  | Objection
  /** It cannot be read, or is not by one of the signers. */
  | { readonly kind: 'unreadable' | 'signer'; readonly text: string };

/** Returns the text of a refusal, which continues a sentence that starts with the name of the signature. */
export function refusalText(refusal: Refusal): string {
  switch (refusal.kind) {
    case 'payload-type':
      return `is a "${refusal.found}", not a "${refusal.expected}"`;
    case 'statement-type':
      return `is not an in-toto statement but "${refusal.found}"`;
    case 'predicate-type':
      return `is a statement of another type, ${refusal.found}`;
    case 'subject':
      return `is for another image, ${refusal.found.join(', ')}`;
    default:
      return refusal.text;
  }
}
