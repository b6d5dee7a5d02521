import { FactoryError } from '../../../common/errors/factory-error.ts';
import { parseJson } from './parse-json.ts';
import { Release } from './schema.ts';

/**
 * Reads `release.json`.
 * @param place names it in messages
 * @throws FactoryError `verification` when it is none, or of a format that is not known
 */
export function parseRelease(text: string, place: string): Release {
  const parsed = Release.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new FactoryError('RELEASE_INVALID', `${place} is no release.json that is known`, {
    details: parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`),
    remedy: 'Name the release.json of a release, or its folder.',
  });
}
