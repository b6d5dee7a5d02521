import { compareNumbers } from './deb-version.ts';

/** The parts of a version in their order. Where two versions differ in the kind of part, the earlier kind is newer. */
const PARTS = ['first', 'digit', 'letter', 'suffix', 'suffix-number', 'hash', 'revision', 'end'] as const;
type Part = (typeof PARTS)[number];

/** Suffixes from oldest to newest. Those in {@link PRE_RELEASE} are older than a version without a suffix. */
const SUFFIXES = ['alpha', 'beta', 'pre', 'rc', 'cvs', 'svn', 'git', 'hg', 'p'];
const PRE_RELEASE = new Set(['alpha', 'beta', 'pre', 'rc']);

interface Token {
  readonly part: Part;
  readonly text: string;
}

/**
 * Compares two versions of Alpine packages, such as `1.2.3a_rc1-r4`, as apk-tools does (apk-package(5), "pkgver"). The
 * comparison ignores whatever follows the first character that the format does not allow.
 * @returns less than 0 when `a` is older, more than 0 when it is newer, 0 when apk treats them as equal
 */
export function compareApkVersions(a: string, b: string): number {
  const left = tokens(a);
  const right = tokens(b);
  for (let index = 0; ; index += 1) {
    const one = left[index] ?? END;
    const two = right[index] ?? END;
    if (one.part !== two.part) return compareParts(one, two);
    if (one.part === 'end') return 0;
    const order = compareTokens(one, two);
    if (order !== 0) return order;
  }
}

const END: Token = { part: 'end', text: '' };

function tokens(version: string): Token[] {
  const found: Token[] = [];
  const match = /^(\d+)((?:\.\d+)*)([a-z]?)((?:_[a-z]+\d*)*)(?:~([0-9a-f]+))?(?:-r(\d+))?/.exec(version);
  const [, first, digits = '', letter = '', suffixes = '', hash, revision] = match ?? [];
  const add = (part: Part, text: string | undefined) => {
    if (text !== undefined && text !== '') found.push({ part, text });
  };
  add('first', first);
  for (const [, digit] of digits.matchAll(/\.(\d+)/g)) add('digit', digit);
  add('letter', letter);
  for (const [, suffix, number] of suffixes.matchAll(/_([a-z]+)(\d*)/g)) {
    add('suffix', suffix);
    add('suffix-number', number);
  }
  add('hash', hash);
  add('revision', revision);
  return found;
}

function compareTokens({ part, text: a }: Token, { text: b }: Token): number {
  switch (part) {
    case 'suffix':
      return SUFFIXES.indexOf(a) - SUFFIXES.indexOf(b);
    case 'letter':
    case 'hash':
      return compareTexts(a, b);
    case 'digit':
      // With a leading zero in either, compare as decimal fractions: 1.01 is older than 1.1.
      return a.startsWith('0') || b.startsWith('0') ? compareTexts(a, b) : compareNumbers(a, b);
    default:
      return compareNumbers(a, b);
  }
}

function compareParts(one: Token, two: Token): number {
  if (one.part === 'suffix' && PRE_RELEASE.has(one.text)) return -1;
  if (two.part === 'suffix' && PRE_RELEASE.has(two.text)) return 1;
  return PARTS.indexOf(two.part) - PARTS.indexOf(one.part);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
