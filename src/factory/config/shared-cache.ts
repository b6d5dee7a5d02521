import { z } from 'zod';
import { messageOf } from '../../common/errors/factory-error.ts';
import { type ImageReference, parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { anchorFiles, anchorSign, Sign } from './signing.ts';

const SCHEME = 'oci://';

/** `oci://REGISTRY/NAME`: a repository, without a tag or a digest. */
const Place = z.string().transform((text, context): Pick<ImageReference, 'registry' | 'repository'> => {
  const name = text.startsWith(SCHEME) ? text.slice(SCHEME.length) : undefined;
  const fail = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (name === undefined) return fail('does not have the form oci://REGISTRY/NAME');
  if (/[:@][^/]*$/.test(name)) return fail('must have neither a tag nor a digest');
  try {
    const { registry, repository } = parseImageReference(name);
    return { registry, repository };
  } catch (error) {
    return fail(messageOf(error));
  }
});

/** The key `cache`: where results of steps are shared with other machines. A text is short for its `registry`. */
export const SharedCache = z.preprocess(
  (value) => (typeof value === 'string' ? { registry: value } : value),
  z.strictObject({
    registry: Place.meta({ description: 'The repository: `oci://REGISTRY/NAME`.' }),
    verify: z.array(z.string().min(1)).default([]).meta({
      description: 'Files with public keys: results that one of them has signed are used.',
    }),
    sign: Sign.optional().meta({
      description:
        'Signer of new results; without `verify`, by default that of the build. Results are only read without one.',
    }),
  }),
);
export type SharedCacheSpec = z.output<typeof SharedCache>;

/** Resolves paths in the key `cache` against `directory`; leaves malformed values unchanged. */
export function anchorSharedCache(value: unknown, directory: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { verify, sign, ...rest } = value as Record<string, unknown>;
  return {
    ...rest,
    ...(verify === undefined ? {} : { verify: anchorFiles(verify, directory) }),
    ...(sign === undefined ? {} : { sign: anchorSign(sign, directory) }),
  };
}
