import { createHash } from 'node:crypto';

/** Longest value of a label, and longest name of a Job, whose pods carry it as a label. */
const LONGEST = 63;
const HASH = 10;

/** A text as the value of a label: one that is too long ends in a hash. */
export function labelValue(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - HASH - 1)}-${shortHash(text)}`;
}

/** What makes a name of an object its own. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH);
}
