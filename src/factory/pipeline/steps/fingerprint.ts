import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseReference } from '../../config/base-reference.ts';
import { daemonImage, namedDaemon } from '../../inputs/base/daemon-image.ts';
import { requireSource } from '../../inputs/base/require-source.ts';
import type { ReferenceEnvironment } from '../build-environment.ts';
import { rememberedHash, treeSignature } from '../digests.ts';

/** Returns a text that identifies the content of a reference. @throws FactoryError `usage` when the content does not exist */
export async function fingerprint(
  env: ReferenceEnvironment,
  reference: BaseReference,
  arch: string,
): Promise<string> {
  await requireSource(reference);
  switch (reference.kind) {
    case 'bootstrap':
      return 'bootstrap';
    case 'docker':
      return (await env.images.pin(reference.image, arch)).manifest;
    case 'docker-daemon':
      return daemonImage(await namedDaemon(env.daemon, reference.name), reference.name);
    case 'dir':
      return treeSignature(reference.path);
    case 'oci':
      return `${await readFile(join(reference.path, 'index.json'), 'utf8')} ${reference.tag ?? ''}`;
    default:
      return rememberedHash(env.digests, reference.path);
  }
}
