/** Names of menu variables with kernel arguments, which white space separates. */
export const KERNEL_ARGUMENTS = /_cmdline$/;

/** An argument as the boot menu separates them: spaces inside double quotes belong to it (docs/contract.md 2.1). */
const ARGUMENT = /(?:[^"\s]|"[^"]*"?)+/g;
/** Quotes that the menu can take away, because GRUB writes them again: around the argument, or around its value. */
const QUOTED = /^(?:[^"=]*=)?"[^"]*"$/;

/**
 * Explains why the kernel would not get an argument as it is written. GRUB writes a backslash before each quote and backslash
 * (`grub_create_loader_cmdline`), and the kernel does not take it away.
 * @returns a sentence about the first such argument, or `undefined`
 */
export function argumentProblem(text: string): string | undefined {
  for (const [argument] of text.matchAll(ARGUMENT)) {
    if (/[\\']/.test(argument)) {
      return `GRUB writes a backslash before each \\ and ' of ${argument}, which the kernel would keep; use double quotes around spaces, and no backslash`;
    }
    if (!argument.includes('"') || QUOTED.test(argument)) continue;
    return `the double quotes of ${argument} must be around the whole argument or its value, such as name="a b"`;
  }
  return undefined;
}
