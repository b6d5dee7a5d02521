import { join } from 'node:path';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { printableFileName } from '../../../common/files/file-name.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';

/** Mount points of partitions, which hide the files that the image has there (docs/contract.md 1.1). */
const MOUNT_POINTS = [NODE_PATH.persistent, NODE_PATH.oem] as const;
/** Maximum number of paths in a notice. */
const SHOWN = 3;

/**
 * Returns a notice about the files of an image that an installed node never sees, because a partition is mounted over them;
 * `undefined` when there are none.
 */
export async function hiddenFiles(root: string): Promise<string | undefined> {
  const paths: string[] = [];
  for (const point of MOUNT_POINTS) {
    const place = await resolveInRoot(root, point);
    // A link that leads elsewhere is not a mount point.
    if (place !== join(root, point)) continue;
    for (const { path, stats } of walkTree(place))
      if (stats.isFile()) paths.push(printableFileName(join(point, path)));
  }
  if (paths.length === 0) return undefined;
  const rest = paths.length - SHOWN;
  const shown = [...paths.slice(0, SHOWN), ...(rest > 0 ? [`${rest} more`] : [])].join(', ');
  return `an installed node does not see these files of the image, because a partition is mounted over them: ${shown}; put programs into /usr/bin, and configuration into /system/oem`;
}
