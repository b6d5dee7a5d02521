import { compareNumbers } from './deb-version.ts';

/**
 * Orders two versions of RPM packages, `[EPOCH:]VERSION[-RELEASE]`, as rpm-version(7) says. Without a release it is
 * older than with any.
 * @returns less than 0 when `a` is older, more than 0 when it is newer, 0 when they are the same to rpm
 */
export function compareRpmVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  const order = compareNumbers(left.epoch, right.epoch) || compareSegments(left.version, right.version);
  if (order !== 0) return order;
  if (left.release === undefined || right.release === undefined) {
    return Number(left.release !== undefined) - Number(right.release !== undefined);
  }
  return compareSegments(left.release, right.release);
}

/** Neither version nor release may hold a hyphen. */
function split(text: string): { epoch: string; version: string; release: string | undefined } {
  const [, epoch = '0', version = '', release] = /^(?:(\d*):)?([^-]*)(?:-(.*))?$/s.exec(text) ?? [];
  return { epoch, version, release };
}

/** What stands between segments: only that there is something matters. */
const SEPARATOR = /^[^A-Za-z0-9~^]+/;

/** Segments of letters or digits are compared from the left; `~` is older than the end, `^` newer than it. */
function compareSegments(a: string, b: string): number {
  let [left, right] = [a, b];
  for (;;) {
    left = left.replace(SEPARATOR, '');
    right = right.replace(SEPARATOR, '');
    const marked = compareMarks(left, right);
    if (marked !== undefined && marked !== 0) return marked;
    if (marked === undefined && (left === '' || right === '')) return Math.sign(left.length - right.length);
    const [one, two] =
      marked === 0 ? [left.slice(0, 1), right.slice(0, 1)] : [segmentOf(left), segmentOf(right)];
    const order = compareSegment(one, two);
    if (order !== 0) return order;
    left = left.slice(one.length);
    right = right.slice(two.length);
  }
}

/** Decides by a leading `~` or `^`: `undefined` when there is none, 0 when both have the same. */
function compareMarks(left: string, right: string): number | undefined {
  if (left.startsWith('~') || right.startsWith('~')) {
    return Number(right.startsWith('~')) - Number(left.startsWith('~'));
  }
  if (!left.startsWith('^') && !right.startsWith('^')) return undefined;
  if (left === '' || right === '') return left === '' ? -1 : 1;
  return Number(right.startsWith('^')) - Number(left.startsWith('^'));
}

const segmentOf = (text: string) => /^(?:[0-9]+|[A-Za-z]+)/.exec(text)?.[0] ?? '';

function compareSegment(one: string, two: string): number {
  const [isNumber, isOtherNumber] = [one, two].map((text) => /^[0-9]/.test(text));
  // A number is newer than letters.
  if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
  return isNumber ? compareNumbers(one, two) : compareBytes(one, two);
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
