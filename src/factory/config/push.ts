import { z } from 'zod';
import { messageOf } from '../../common/errors/factory-error.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';

/** Artifacts that can go along with the image, each as a file that refers to it. */
export const FILE_KINDS = ['squashfs', 'iso', 'raw', 'qcow2'] as const;

const Repository = z.string().superRefine((text, context) => {
  try {
    const { digest } = parseImageReference(text.replace(/^docker:\/\//, ''));
    if (digest === undefined) return;
    context.addIssue({ code: 'custom', message: 'has a digest, which follows from what is pushed' });
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
  }
});
const Tag = z.string().regex(/^\w[\w.-]{0,127}$/, 'is no tag');

/** The key `push`: `REGISTRY/NAME[:TAG]`, or a mapping with more to say. */
export const Push = z.preprocess(
  (value) => (typeof value === 'string' ? { to: value } : value),
  z.strictObject({
    to: Repository.meta({ description: 'Where to: `REGISTRY/NAME[:TAG]`.' }),
    tags: z.array(Tag).default([]).meta({ description: 'More tags.' }),
    artifacts: z
      .union([z.enum(['all', 'none']), z.array(z.enum(FILE_KINDS))])
      .default('none')
      .transform((value): FileKinds => (value === 'none' ? [] : value))
      .meta({ description: 'Which artifacts go along: all, none, or a list of kinds.' }),
  }),
);

/** Which artifacts go along. */
export type FileKinds = 'all' | readonly (typeof FILE_KINDS)[number][];

/** Where a build is pushed to when it is done. */
export interface PushSpec {
  readonly to: string;
  readonly tags: readonly string[];
  readonly artifacts: FileKinds;
}
