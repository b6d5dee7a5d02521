import { chmodSync, statSync, utimesSync } from 'node:fs';
import { ARCHES, type Arch } from '../../../common/contract/architectures.ts';
import type { ImageFacts } from '../../../common/contract/image-facts.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { ContainerEngine, OpenImage } from '../../engine/container-engine.ts';
import type { Results } from '../step.ts';
import { osImageFacts } from './os-image-facts.ts';

/**
 * Opens the OS image for reading. Restores mode and time of the root directory, which engines do not preserve.
 */
export async function openOsImage(
  { engine }: { readonly engine: Pick<ContainerEngine, 'open'> },
  results: Results,
): Promise<OpenImage> {
  const { image, facts } = osImageFacts(results);
  const open = await engine.open(image);
  // Synchronous, and only if necessary: another step may be reading the same tree, and tar fails when a file changes.
  const { mode, mtimeMs } = statSync(open.root);
  if ((mode & 0o7777) !== 0o755 || mtimeMs !== facts.epoch * 1000) {
    chmodSync(open.root, 0o755);
    utimesSync(open.root, facts.epoch, facts.epoch);
  }
  return open;
}

/** The architecture of an OS image. @throws FactoryError `verification` when `/etc/kairos-release` has no supported one */
export function imageArch({ release }: Pick<ImageFacts, 'release'>): Arch {
  const stated = release['KAIROS_ARCH'];
  const found = ARCHES.find((arch) => arch === stated);
  if (found !== undefined) return found;
  const problem = `the image is for ${stated === undefined ? 'no architecture' : JSON.stringify(stated)}`;
  throw new FactoryError('IMAGE_NOT_OS', `${problem}; supported are ${ARCHES.join(', ')}`, {
    remedy: 'Correct KAIROS_ARCH in /etc/kairos-release of the image.',
  });
}
