import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { BaseReference } from '../../config/base-reference.ts';

/** The annotation with the tag of an image in a layout (image-spec, "Pre-Defined Annotation Keys"). */
const TAG = 'org.opencontainers.image.ref.name';

/**
 * Checks that what a reference names exists here, before an engine or a program is asked for it: their messages speak of their
 * own affairs.
 * @throws FactoryError `usage` when the path does not exist, or is not a layout with that tag
 */
export async function requireSource(reference: BaseReference): Promise<void> {
  if (!('path' in reference)) return;
  if (!existsSync(reference.path)) {
    throw new FactoryError('BASE_NOT_FOUND', `${reference.path} does not exist`, {
      remedy: 'Check the path of the image.',
    });
  }
  if (reference.kind === 'oci') await requireTag(reference.path, reference.tag);
}

async function requireTag(path: string, tag: string | undefined): Promise<void> {
  const index = await readFile(join(path, 'index.json'), 'utf8').catch(() => {
    throw new FactoryError('IMAGE_UNREADABLE', `${path} is not an OCI image layout: it has no index.json`, {
      remedy: 'Give the directory with index.json; dir:DIR is for a root filesystem.',
    });
  });
  const tags = tagsOf(index);
  if (tag === undefined || tags === undefined || tags.includes(tag)) return;
  throw new FactoryError('IMAGE_NOT_FOUND', `${path} has no image with the tag ${tag}`, {
    remedy: tags.length === 0 ? `Its image has no tag: write oci:${path}` : `It has: ${tags.join(', ')}.`,
  });
}

/** The tags of a layout; `undefined` when the index cannot be read, which is reported where it is used. */
function tagsOf(index: string): string[] | undefined {
  try {
    const { manifests } = JSON.parse(index) as { manifests?: { annotations?: Record<string, string> }[] };
    return (manifests ?? []).flatMap(({ annotations }) => annotations?.[TAG] ?? []);
  } catch {
    return undefined;
  }
}
