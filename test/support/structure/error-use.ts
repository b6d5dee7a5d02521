const MESSAGE = String.raw`(?:\b(?:message|objection|reason|refusal)|\bmessageOf\(\w+\)|\breasonOf\(\w+\))`;
/** Three words in lower case, as at the start of our own messages; most output of other programs starts differently. */
const PHRASE = String.raw`(['"\x60])[a-z]+ [a-z]+ [a-z]+`;
const DECISIONS = [
  new RegExp(String.raw`\.(?:endsWith|startsWith|includes|replace|replaceAll|search|indexOf)\(${PHRASE}`),
  new RegExp(String.raw`${MESSAGE}\??\.(?:endsWith|startsWith|includes|match|search|indexOf)\(`),
  new RegExp(String.raw`\.(?:test|exec)\((?:[\w.]*\.)?${MESSAGE}\)`),
  new RegExp(String.raw`${MESSAGE} [!=]== ['"\x60]`),
];

/** Returns the lines of a source that make decisions based on the text of a message. */
export function messageDecisions(source: string): string[] {
  return source.split('\n').filter((line) => DECISIONS.some((pattern) => pattern.test(line)));
}

/** Counts how often a source throws a plain `Error`. */
export function plainErrors(source: string): number {
  return source.match(/\bthrow new Error\(/g)?.length ?? 0;
}
