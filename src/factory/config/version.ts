import semver from 'semver';
import { z } from 'zod';

/** The version of an image: a semantic version, with or without its `v`; the value has it. */
export const Version = z
  .string()
  .superRefine((text, context) => {
    if (semver.valid(text) !== null) return;
    const meant = /^[\w.+-]+$/.test(text) ? semver.coerce(text) : null;
    const hint = meant === null ? '' : ` (did you mean v${meant.version}?)`;
    context.addIssue(`is not a semantic version such as v1.2.3${hint}`);
  })
  .transform((text) => `v${semver.clean(text)}${buildMetadata(text)}`);

function buildMetadata(text: string): string {
  const build = semver.parse(text)?.build ?? [];
  return build.length > 0 ? `+${build.join('.')}` : '';
}
