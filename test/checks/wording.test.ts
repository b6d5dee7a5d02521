import { expect, test } from 'vitest';
import { projectFiles } from './project-files.ts';
import { findWordings } from './wording.ts';

/** Files whose text is not ours, is generated elsewhere, or contains the phrases on purpose. */
const SKIPPED =
  /^(?:LICENSE|package-lock\.json|test\/golden\/|test\/fixtures\/|test\/checks\/wording)|go-cases\.json$/;

test('no text uses a phrase of the wording list', async () => {
  const files = [...(await projectFiles())].filter(([path]) => !SKIPPED.test(path));
  expect(files.length).toBeGreaterThan(500);
  expect(files.flatMap(([path, text]) => findWordings(text).map((place) => `${path}:${place}`))).toEqual([]);
});

test.each([
  'the value is no number',
  'a missing program is told before the first step',
  'it tells of the release',
  'the tool cannot be had',
])('the check finds "%s"', (text) => expect(findWordings(text)).not.toEqual([]));

test.each(['there is no such file', 'is no longer needed', 'the program by hand on Debian'])(
  'the check accepts "%s"',
  (text) => expect(findWordings(text)).toEqual([]),
);
