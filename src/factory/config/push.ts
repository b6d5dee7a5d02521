import { z } from 'zod';
import { messageOf } from '../../common/errors/factory-error.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { FILE_KINDS } from './artifact-kinds.ts';

const Repository = z.string().superRefine((text, context) => {
  try {
    const { digest } = parseImageReference(text.replace(/^docker:\/\//, ''));
    if (digest === undefined) return;
    context.addIssue({ code: 'custom', message: 'must not have a digest' });
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
  }
});
const Tag = z.string().regex(/^\w[\w.-]{0,127}$/, 'is not a tag');

/** The key `push`: `REGISTRY/NAME[:TAG]`, or a mapping with more settings. */
export const Push = z.preprocess(
  (value) => (typeof value === 'string' ? { to: value } : value),
  z.strictObject({
    to: Repository.meta({ description: 'Destination: `REGISTRY/NAME[:TAG]`.' }),
    tags: z.array(Tag).default([]).meta({ description: 'Additional tags.' }),
    artifacts: z
      .union([z.enum(['all', 'none']), z.array(z.enum(FILE_KINDS))])
      .default('none')
      .transform((value): FileKinds => (value === 'none' ? [] : value))
      .meta({ description: 'Artifacts to push with the image: all, none, or a list of kinds.' }),
  }),
);

/** The kinds of artifacts to push with the image. */
export type FileKinds = 'all' | readonly (typeof FILE_KINDS)[number][];

/** The destination of a build, and what to push. */
export interface PushSpec {
  readonly to: string;
  readonly tags: readonly string[];
  readonly artifacts: FileKinds;
}
