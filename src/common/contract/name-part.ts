import { FactoryError } from '../errors/factory-error.ts';
import type { ImageIdentity } from './kairos-release.ts';

/** Maximum length of a part of a name. */
const PART_LIMIT = 64;
/**
 * Maximum length of the parts together. Tags have at most 128 characters. File names have at most 255 bytes, with endings such
 * as `.provenance.json.sigstore.json` and the prefix of unfinished files.
 */
const TOTAL_LIMIT = 120;

/**
 * Whether a text can be part of a file name, an image tag and an address (docs/contract.md 6.10): no separators, no spaces,
 * no characters with a meaning in a shell, HTML or Markdown, and no leading hyphen or dot.
 */
export function isNamePart(text: string): boolean {
  return text.length <= PART_LIMIT && /^[A-Za-z0-9][A-Za-z0-9._~+-]*$/.test(text);
}

/**
 * Checks the values that the names of artifacts and documents are made from. An image, a base or a flavor file sets them, so
 * they are not trusted. @returns the problem; `undefined` when there is none
 */
export function identityProblem(identity: ImageIdentity): string | undefined {
  const { software, ...own } = identity;
  const parts = Object.entries({
    ...own,
    ...(software && { 'software prefix': software.prefix, 'software version': software.version }),
  });
  const odd = parts.find(([, text]) => !isNamePart(text));
  if (odd !== undefined) {
    const [key, text] = odd;
    return `the ${words(key)} ${JSON.stringify(text.slice(0, PART_LIMIT))} cannot be part of a file name`;
  }
  const length = parts.reduce((sum, [, text]) => sum + text.length, 0);
  return length > TOTAL_LIMIT ? `its name has ${length} characters, more than ${TOTAL_LIMIT}` : undefined;
}

/**
 * Returns an identity that names can be made from.
 * @throws FactoryError `IMAGE_NAME_REFUSED` when {@link identityProblem} finds a problem
 */
export function checkedIdentity(identity: ImageIdentity): ImageIdentity {
  const problem = identityProblem(identity);
  if (problem === undefined) return identity;
  throw new FactoryError('IMAGE_NAME_REFUSED', `the name of the image is refused: ${problem}`, {
    remedy:
      'Use letters, digits, ".", "_", "~", "+" and "-" in /etc/kairos-release, in os-release of the base, and in the flavor.',
  });
}

/** `flavorRelease` as `flavor release`. */
function words(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
