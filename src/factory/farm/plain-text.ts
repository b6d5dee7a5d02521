import { stripVTControlCharacters } from 'node:util';

/** Longest text of others in a status. */
const LONGEST = 1000;
const HIDDEN = '[hidden]';

/** What looks like a secret in the words of a program: users in addresses, headers, assignments, and private keys. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, HIDDEN],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${HIDDEN}@`],
  [/\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${HIDDEN}`],
  [
    /((?:password|passwd|token|secret|api[_-]?key|authorization)["']?\s*[:=]\s*["']?)(?!(?:bearer|basic)\s)[^\s"',;&]+/gi,
    `$1${HIDDEN}`,
  ],
];

/** The words of a program for a status: without control characters and what looks like a secret, and not too long. */
export function plainText(text: string): string {
  const hidden = SECRETS.reduce((result, [pattern, instead]) => result.replaceAll(pattern, instead), text);
  // Sequences for colours, then what else a terminal would act on.
  const plain = stripVTControlCharacters(hidden)
    .replaceAll(/[^\P{C}\n]/gu, '')
    .replaceAll(/\s*\n\s*/g, ' | ');
  return plain.length <= LONGEST ? plain : `…${plain.slice(1 - LONGEST)}`;
}
