/** A phrase that reads as translated, and what a technical writer writes. */
export interface Wording {
  readonly pattern: RegExp;
  readonly instead: string;
}

/** Add phrases as you find them. Patterns match within one line, in comments, messages, docs and names alike. */
export const WORDINGS: readonly Wording[] = [
  {
    pattern: /(?<![Tt]here )(?<!where )\b(?:is|are|was|were) no\b(?! (?:longer|more|less|other|better)\b)/,
    instead: '"is not a …"',
  },
  { pattern: /\bt(?:ell|ells|old|elling) of\b/, instead: '"report", "describe"' },
  { pattern: /\b(?:is|are|was|were|be|been|being) told\b/, instead: '"is reported", "gets a notice"' },
  { pattern: /\btells\b/, instead: '"reports", "shows", "says"' },
  {
    pattern: /\b(?:to|can|could|cannot|may|might|not) be had\b/,
    instead: '"is available", "can be fetched"',
  },
  { pattern: /\b(?:is|are|was|be) found out\b/, instead: '"is resolved", "is detected"' },
  { pattern: /(?<!by )\bhand(?:s|ed|ing)? (?:on|over)\b/, instead: '"pass"' },
  { pattern: /\b[Ss]o (?:has|does|is|are|do|have) (?:it|they|he|she|the)\b/, instead: 'subject before verb' },
  { pattern: /\bwish(?:es|ed)?\b|Wish\b/, instead: '"request", "options"' },
  { pattern: /\b(?:has|have|had|knows?|takes?|needs?) (?:it|them|one) not\b/, instead: '"does not have it"' },
  { pattern: /\b(?:for|from) want of\b/, instead: '"because there is no …"' },
  { pattern: /\bin place of\b/, instead: '"instead of"' },
  { pattern: /\bmend(?:s|ed|ing)?\b/i, instead: '"fix", "repair"' },
  { pattern: /\blets? (?:\w+ )?pass\b|\blet pass\b/, instead: '"accept", "ignore", "allow"' },
  { pattern: /\bbefore (?:its|their) time\b/, instead: '"pre-release"' },
  {
    pattern: /\bstands? (?:in|on|there|beside|behind|below|before|with|at)\b/,
    instead: '"is in", "follows"',
  },
  { pattern: /\bstood (?:in|on|there|beside|behind|below|before|with|at)\b/, instead: '"was in"' },
  { pattern: /\bat the most\b/, instead: '"at most"' },
  { pattern: /\bin vain\b/, instead: '"without success"' },
  { pattern: /\bgo(?:es)? on (?:with|by|from|there|here)\b/, instead: '"continue"' },
  {
    pattern: /\b(?:is|are|was|were) (?:it|they|there)(?: not)? (?:that|who|which)\b/,
    instead: 'plain word order',
  },
  { pattern: /\bseconds since 1970\b/, instead: '"Unix timestamp"' },
  { pattern: /\bis a (?:person's|command's) own\b|\bof one's own\b/, instead: '"your own", "separate"' },
  { pattern: /\b(?:is|are) passed over\b/, instead: '"is skipped"' },
  { pattern: /\bunheard\b|\bhandedOver\b/, instead: 'a name that says what it is' },
  { pattern: /\blaid into\b/, instead: '"copied into"' },
  { pattern: /\b(?:a|the) person with no\b/, instead: '"by default"' },
];

/** Where a text uses one of the patterns, as `LINE: TEXT`, with what to write. */
export function findWordings(text: string): string[] {
  return text.split('\n').flatMap((line, index) => {
    const found = WORDINGS.filter(({ pattern }) => pattern.test(line));
    return found.map(({ instead }) => `${index + 1}: ${line.trim()}  [write ${instead}]`);
  });
}
