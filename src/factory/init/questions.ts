import { FactoryError } from '../../common/errors/factory-error.ts';
import { didYouMean } from '../../common/text/suggest.ts';
import { DISTRIBUTION_FACTS, DISTRIBUTIONS } from '../catalog/kubernetes/distribution.ts';
import { ARTIFACT_KINDS, type ArtifactKind } from '../config/artifact-kinds.ts';
import { CI_SERVICES, type CiService } from './answers.ts';

/** Reads one of several words. @throws FactoryError `usage` for another one */
export function oneOf<Word extends string>(words: readonly Word[], text: string): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new FactoryError(
    'OPTION_INVALID',
    `"${text}" is none of ${words.join(', ')}${didYouMean(text, words)}`,
  );
}

/** Reads a list of artifacts: words separated by commas or spaces. @throws FactoryError `usage` for an unknown or missing one */
export function readArtifacts(text: string): ArtifactKind[] {
  const words = text.split(/[\s,]+/).filter(Boolean);
  if (words.length === 0) throw new FactoryError('OPTION_INVALID', 'no artifact is named');
  return [...new Set(words.map((word) => oneOf(ARTIFACT_KINDS, word)))];
}

/** The answer for nothing. */
export const NONE = 'none';

/** Reads `DISTRIBUTION@VERSION`, or "none". @throws FactoryError `usage` for another distribution, or without a version */
export function readKubernetes(text: string): string | undefined {
  if (text === NONE) return undefined;
  const [name = '', version = ''] = text.split('@', 2);
  const distribution = oneOf([...DISTRIBUTIONS, NONE], name);
  if (distribution === NONE) return undefined;
  const { version: form, example } = DISTRIBUTION_FACTS[distribution];
  if (form.test(version)) return text;
  const problem =
    version === ''
      ? `the version of ${distribution} is missing`
      : `"${version}" is not a version of ${distribution}`;
  throw new FactoryError('OPTION_INVALID', problem, {
    remedy: `Write ${distribution}@VERSION, such as ${distribution}@${example}.`,
  });
}

/** Reads the name of a CI service, or "none". @throws FactoryError `usage` for another one */
export function readCi(text: string): CiService | undefined {
  const found = oneOf([...CI_SERVICES, NONE], text);
  return found === NONE ? undefined : found;
}
