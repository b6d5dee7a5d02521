/**
 * Whether a reference to a flavor is a file: it contains a slash or has a YAML extension. Anything else is the name of a
 * shipped flavor.
 */
export function isFlavorFile(reference: string): boolean {
  return reference.includes('/') || /\.ya?ml$/.test(reference);
}
