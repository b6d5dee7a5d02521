import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { BaseReference } from '../../config/base-reference.ts';
import { daemonImage } from '../../inputs/base/import-base.ts';
import type { ReferenceEnvironment } from '../build-environment.ts';
import { rememberedHash, treeSignature } from '../digests.ts';

/** Returns a text that identifies the content of a reference. @throws FactoryError `usage` when the content does not exist */
export async function fingerprint(
  env: ReferenceEnvironment,
  reference: BaseReference,
  arch: string,
): Promise<string> {
  switch (reference.kind) {
    case 'bootstrap':
      return 'bootstrap';
    case 'docker':
      return (await env.images.pin(reference.image, arch)).manifest;
    case 'docker-daemon':
      return daemonImage(await env.daemon(), reference.name);
    case 'dir':
      return mustExist(reference.path, async () => treeSignature(reference.path));
    case 'oci':
      return mustExist(reference.path, async () => {
        const index = await readFile(join(reference.path, 'index.json'), 'utf8').catch(() => {
          throw new FactoryError(
            'IMAGE_UNREADABLE',
            `${reference.path} is not an OCI image layout: it has no index.json`,
          );
        });
        return `${index} ${reference.tag ?? ''}`;
      });
    default:
      return mustExist(reference.path, () => rememberedHash(env.digests, reference.path));
  }
}

async function mustExist(path: string, then: () => Promise<string>): Promise<string> {
  if (existsSync(path)) return then();
  throw new FactoryError('BASE_NOT_FOUND', `${path} does not exist`, {
    remedy: 'Check the path of the image.',
  });
}
