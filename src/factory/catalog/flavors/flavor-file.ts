/**
 * Whether a flavor is named by its file: a word with a slash or with the ending of YAML. Anything else is the name of one
 * of the shipped flavors.
 */
export function isFlavorFile(reference: string): boolean {
  return reference.includes('/') || /\.ya?ml$/.test(reference);
}
