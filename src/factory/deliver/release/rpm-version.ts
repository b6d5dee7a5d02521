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
// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
function compareSegments(a: string, b: string): number {
  let [left, right] = [a, b];
  for (;;) {
    left = left.replace(SEPARATOR, '');
    right = right.replace(SEPARATOR, '');
    if (left.startsWith('~') || right.startsWith('~')) {
      if (!left.startsWith('~')) return 1;
      if (!right.startsWith('~')) return -1;
      [left, right] = [left.slice(1), right.slice(1)];
      continue;
    }
    if (left.startsWith('^') || right.startsWith('^')) {
      if (left === '') return -1;
      if (right === '') return 1;
      if (!left.startsWith('^')) return 1;
      if (!right.startsWith('^')) return -1;
      [left, right] = [left.slice(1), right.slice(1)];
      continue;
    }
    if (left === '' || right === '') return Math.sign(left.length - right.length);
    const isNumber = /^[0-9]/.test(left);
    const segment = isNumber ? /^[0-9]+/ : /^[A-Za-z]+/;
    const one = segment.exec(left)?.[0] ?? '';
    const two = segment.exec(right)?.[0];
    // A number is newer than letters.
    if (two === undefined) return isNumber ? 1 : -1;
    const order = isNumber ? compareNumbers(one, two) : compareBytes(one, two);
    if (order !== 0) return order;
    left = left.slice(one.length);
    right = right.slice(two.length);
  }
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
