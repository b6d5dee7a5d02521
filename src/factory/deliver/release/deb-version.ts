/**
 * Compares two versions of Debian packages by epoch, upstream version and revision (deb-version(7)).
 * @returns less than 0 when `a` is older, more than 0 when it is newer, 0 when dpkg treats them as equal
 */
export function compareDebVersions(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  return (
    compareNumbers(left.epoch, right.epoch) ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** The epoch ends at the first colon; the revision begins after the last hyphen. An absent part counts as 0. */
function split(version: string): { epoch: string; upstream: string; revision: string } {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const hyphen = rest.lastIndexOf('-');
  return {
    epoch: colon < 0 ? '0' : version.slice(0, colon),
    upstream: hyphen < 0 ? rest : rest.slice(0, hyphen),
    revision: hyphen < 0 ? '' : rest.slice(hyphen + 1),
  };
}

/** Compares alternating non-digit and digit runs, starting with a non-digit run. */
function compareParts(a: string, b: string): number {
  const left = runsOf(a);
  const right = runsOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const one = left[index];
    const two = right[index];
    const order = compareText(one?.text ?? '', two?.text ?? '') || compareNumbers(one?.number, two?.number);
    if (order !== 0) return order;
  }
  return 0;
}

function runsOf(part: string): { text: string; number: string }[] {
  return [...part.matchAll(/([^0-9]*)([0-9]*)/g)]
    .map(([, text = '', number = '']) => ({ text, number }))
    .filter(({ text, number }) => text !== '' || number !== '');
}

/** A tilde sorts before everything, even the end of the text; letters sort before other characters. */
function compareText(a: string, b: string): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const order = weight(a.charAt(index)) - weight(b.charAt(index));
    if (order !== 0) return order;
  }
  return 0;
}

function weight(character: string): number {
  if (character === '') return 0;
  if (character === '~') return -1;
  return /[A-Za-z]/.test(character) ? character.charCodeAt(0) : character.charCodeAt(0) + 256;
}

/** Compares non-negative integers of any length, in decimal; an absent number counts as 0. */
export function compareNumbers(a = '', b = ''): number {
  const left = a.replace(/^0+/, '');
  const right = b.replace(/^0+/, '');
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
