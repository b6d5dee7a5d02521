/**
 * Orders two versions of Debian packages as deb-version(7) says: epoch, upstream version, revision.
 * @returns less than 0 when `a` is older, more than 0 when it is newer, 0 when they are the same to dpkg
 */
export function compareDebVersions(a: string, b: string): number {
  const [left, right] = [split(a), split(b)];
  return (
    compareNumbers(left.epoch, right.epoch) ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

/** The epoch ends at the first colon, the revision begins after the last hyphen; both may be absent, which means 0. */
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

/** Stretches without digits and numbers take turns, beginning with the former. */
function compareParts(a: string, b: string): number {
  const [left, right] = [stretches(a), stretches(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [one, two] = [left[index], right[index]];
    const order = compareText(one?.text ?? '', two?.text ?? '') || compareNumbers(one?.number, two?.number);
    if (order !== 0) return order;
  }
  return 0;
}

function stretches(part: string): { text: string; number: string }[] {
  return [...part.matchAll(/([^0-9]*)([0-9]*)/g)]
    .map(([, text = '', number = '']) => ({ text, number }))
    .filter(({ text, number }) => text !== '' || number !== '');
}

/** A tilde sorts before everything, even the end; letters before what is no letter. */
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

/** Whole numbers of any length; none counts as 0. */
export function compareNumbers(a = '', b = ''): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}
