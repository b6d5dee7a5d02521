import { FactoryError } from '../../../common/errors/factory-error.ts';
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from '../../../common/oci/registry/image-reference.ts';

/** The repository and tags of a push. */
export interface PushTarget {
  readonly repository: Pick<ImageReference, 'registry' | 'repository'>;
  /** The requested tags without duplicates; empty to use the name of the image. */
  readonly tags: readonly string[];
}

/**
 * Parses `[docker://]REGISTRY/NAME[:TAG]`. A missing tag does not default to `latest`, which says nothing about an OS.
 * @param more additional tags
 * @throws FactoryError `usage` when the name is invalid or has a digest
 */
export function parsePushTarget(text: string, more: readonly string[] = []): PushTarget {
  const name = text.replace(/^docker:\/\//, '');
  const { registry, repository, tag, digest } = parseImageReference(name);
  if (digest !== undefined) {
    throw new FactoryError('PUSH_TARGET_INVALID', `"${text}" cannot be pushed to: it has a digest`, {
      remedy: 'Write REGISTRY/NAME or REGISTRY/NAME:TAG; the content determines the digest.',
    });
  }
  const isTagged = tag !== undefined && name.endsWith(`:${tag}`);
  // Parsing a reference checks the syntax of its tag.
  for (const one of more) parseImageReference(`${registry}/${repository}:${one}`);
  const tags = [...(isTagged ? [tag] : []), ...more];
  return { repository: { registry, repository }, tags: [...new Set(tags)] };
}

/** The name of a repository in its usual short form. */
export function repositoryName({ repository }: PushTarget): string {
  return formatImageReference({ ...repository, tag: undefined, digest: undefined });
}

/**
 * The tags of a push: the requested tags, else the name of the image.
 * @param name name of a single image in its layout
 * @throws FactoryError `usage` when there are neither tags nor a usable name
 */
export function tagsFor(target: PushTarget, name: string | undefined): readonly string[] {
  if (target.tags.length > 0) return target.tags;
  if (name !== undefined && /^\w[\w.-]{0,127}$/.test(name)) return [name];
  throw new FactoryError(
    'PUSH_TARGET_INVALID',
    `no tag for ${repositoryName(target)}, and the image has no name that could be the tag`,
    {
      remedy: 'Append a tag, REGISTRY/NAME:TAG, or give --tag.',
    },
  );
}
