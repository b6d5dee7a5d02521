import { compareNumbers } from './deb-version.ts';

/**
 * Compares two versions of RPM packages, `[EPOCH:]VERSION[-RELEASE]` (rpm-version(7)). A version without a release is
 * older than the same version with a release.
 * @returns less than 0 when `a` is older, more than 0 when it is newer, 0 when rpm treats them as equal
 */
export function compareRpmVersions(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  const order = compareNumbers(left.epoch, right.epoch) || compareSegments(left.version, right.version);
  if (order !== 0) return order;
  if (left.release === undefined || right.release === undefined) {
    return Number(left.release !== undefined) - Number(right.release !== undefined);
  }
  return compareSegments(left.release, right.release);
}

/** Neither a version nor a release can contain a hyphen. */
function split(text: string): { epoch: string; version: string; release: string | undefined } {
  const [, epoch = '0', version = '', release] = /^(?:(\d*):)?([^-]*)(?:-(.*))?$/s.exec(text) ?? [];
  return { epoch, version, release };
}

/** Separates segments; which characters it consists of does not matter. */
const SEPARATOR = /^[^A-Za-z0-9~^]+/;

/** Compares segments of letters or digits from the left. `~` sorts before the end of the text, `^` after it. */
function compareSegments(a: string, b: string): number {
  let left = a;
  let right = b;
  for (;;) {
    left = left.replace(SEPARATOR, '');
    right = right.replace(SEPARATOR, '');
    const marked = compareMarks(left, right);
    if (marked !== undefined && marked !== 0) return marked;
    if (marked === undefined && (left === '' || right === '')) return Math.sign(left.length - right.length);
    const next = marked === 0 ? firstOf : segmentOf;
    const one = next(left);
    const two = next(right);
    const order = compareSegment(one, two);
    if (order !== 0) return order;
    left = left.slice(one.length);
    right = right.slice(two.length);
  }
}

/** Compares a leading `~` or `^`: `undefined` when neither text has one, 0 when both have the same. */
function compareMarks(left: string, right: string): number | undefined {
  if (left.startsWith('~') || right.startsWith('~')) {
    return Number(right.startsWith('~')) - Number(left.startsWith('~'));
  }
  if (!left.startsWith('^') && !right.startsWith('^')) return undefined;
  if (left === '' || right === '') return left === '' ? -1 : 1;
  return Number(right.startsWith('^')) - Number(left.startsWith('^'));
}

const firstOf = (text: string) => text.slice(0, 1);
const segmentOf = (text: string) => /^(?:[0-9]+|[A-Za-z]+)/.exec(text)?.[0] ?? '';

function compareSegment(one: string, two: string): number {
  const isNumber = /^[0-9]/.test(one);
  const isOtherNumber = /^[0-9]/.test(two);
  // A number is newer than letters.
  if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
  return isNumber ? compareNumbers(one, two) : compareBytes(one, two);
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
