/** Seconds for one boot or one script, with hardware virtualisation and without. */
const LIMIT = { kvm: 300, emulated: 1200 };

/** The limit for one boot or one script, in milliseconds. @param seconds the limit that the user chose */
export function proofLimit(seconds: number | undefined, { kvm }: { readonly kvm: boolean }): number {
  return 1000 * (seconds ?? LIMIT[kvm ? 'kvm' : 'emulated']);
}
