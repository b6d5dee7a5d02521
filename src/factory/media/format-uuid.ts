/**
 * Formats 16 bytes as a UUID (RFC 9562).
 * @param options.mixed whether the first three fields are little-endian, as in a GPT (UEFI Specification, appendix A)
 */
export function formatUuid(bytes: Buffer, { mixed = false }: { readonly mixed?: boolean } = {}): string {
  const ordered = Buffer.from(bytes);
  if (mixed) {
    ordered.subarray(0, 4).reverse();
    ordered.subarray(4, 6).reverse();
    ordered.subarray(6, 8).reverse();
  }
  return ordered.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
