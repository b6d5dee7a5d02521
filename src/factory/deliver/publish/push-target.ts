import { FactoryError } from '../../../common/errors/factory-error.ts';
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from '../../../common/oci/registry/image-reference.ts';

/** Where something is pushed to. */
export interface PushTarget {
  readonly repository: Pick<ImageReference, 'registry' | 'repository'>;
  /** Those that were asked for, each once; none when the image's own name is meant. */
  readonly tags: readonly string[];
}

/**
 * Parses `[docker://]REGISTRY/NAME[:TAG]`. Without a tag there is none: `latest` says nothing about an OS.
 * @param more tags besides that of the name
 * @throws FactoryError `usage` when it is no such name, or has a digest, which follows from what is pushed
 */
export function parsePushTarget(text: string, more: readonly string[] = []): PushTarget {
  const name = text.replace(/^docker:\/\//, '');
  const { registry, repository, tag, digest } = parseImageReference(name);
  if (digest !== undefined) {
    throw new FactoryError('PUSH_TARGET_INVALID', `"${text}" cannot be pushed to: it has a digest`, {
      remedy: 'Write REGISTRY/NAME or REGISTRY/NAME:TAG; the digest follows from what is pushed.',
    });
  }
  const isTagged = tag !== undefined && name.endsWith(`:${tag}`);
  // The form of a reference checks that of a tag.
  for (const one of more) parseImageReference(`${registry}/${repository}:${one}`);
  const tags = [...(isTagged ? [tag] : []), ...more];
  return { repository: { registry, repository }, tags: [...new Set(tags)] };
}

/** The name of a repository, as people write it. */
export function repositoryName({ repository }: PushTarget): string {
  return formatImageReference({ ...repository, tag: undefined, digest: undefined });
}

/**
 * The tags that something gets: those that were asked for, else its own name.
 * @param name what the layout of a single image calls it
 * @throws FactoryError `usage` when there is neither
 */
export function tagsFor(target: PushTarget, name: string | undefined): readonly string[] {
  if (target.tags.length > 0) return target.tags;
  if (name !== undefined && /^\w[\w.-]{0,127}$/.test(name)) return [name];
  throw new FactoryError(
    'PUSH_TARGET_INVALID',
    `no tag for ${repositoryName(target)}, and what is pushed has no name of its own`,
    {
      remedy: 'Add one to the name, REGISTRY/NAME:TAG, or give --tag.',
    },
  );
}
