import { FactoryError } from '../../../common/errors/factory-error.ts';
import { parseJson } from '../../../common/text/parse-json.ts';
import { Release } from './schema.ts';

/**
 * Parses `release.json`.
 * @param place the file's path or address, for messages
 * @throws FactoryError `verification` when the text is not a `release.json` in a supported format
 */
export function parseRelease(text: string, place: string): Release {
  const parsed = Release.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new FactoryError('RELEASE_INVALID', `${place} is not a release.json in a supported format`, {
    details: parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`),
    remedy: 'Name the release.json of a release, or the folder that holds it.',
  });
}
