import { dirname, resolve } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** Maximum number of links to follow, as in the kernel (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * The path that a write to `path` reaches: the end of its symbolic links, which need not exist. Writing there keeps the links.
 *
 * @throws FactoryError `step` when the links form a loop
 */
export async function behindLinks(host: Host, path: string): Promise<string> {
  let place = path;
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    if ((await host.stat(place, { follow: false }))?.kind !== 'link') return place;
    place = resolve(dirname(place), await host.readLink(place));
  }
  throw new FactoryError('STAGE_FAILED', `${path} is a loop of symbolic links`, {
    remedy: 'Remove the links, or write to another path.',
  });
}
