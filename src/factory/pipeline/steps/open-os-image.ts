import { chmodSync, statSync, utimesSync } from 'node:fs';
import { ARCHES, type Arch } from '../../../common/contract/architectures.ts';
import type { ImageFacts } from '../../../common/contract/image-facts.ts';
import type { ContainerEngine, OpenImage } from '../../engine/container-engine.ts';
import type { Results } from '../step.ts';
import { osImageFacts } from './os-image-facts.ts';

/**
 * Opens the OS image for reading. The root directory itself gets its mode and time anew: engines do not keep them.
 */
export async function openOsImage(
  { engine }: { readonly engine: Pick<ContainerEngine, 'open'> },
  results: Results,
): Promise<OpenImage> {
  const { image, facts } = osImageFacts(results);
  const open = await engine.open(image);
  // All at once, and only where it is not so yet: another step may be reading the same tree, and tar fails when what it
  // reads changes.
  const { mode, mtimeMs } = statSync(open.root);
  if ((mode & 0o7777) !== 0o755 || mtimeMs !== facts.epoch * 1000) {
    chmodSync(open.root, 0o755);
    utimesSync(open.root, facts.epoch, facts.epoch);
  }
  return open;
}

/** The architecture of an OS image that passed its checks. @throws RangeError for another, which they do not let pass */
export function imageArch(facts: ImageFacts): Arch {
  const found = ARCHES.find((arch) => arch === facts.release['KAIROS_ARCH']);
  if (found === undefined) throw new RangeError(`an OS image for ${facts.release['KAIROS_ARCH']}`);
  return found;
}
