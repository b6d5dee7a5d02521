import type { Filesystem } from '../../media/filesystem.ts';
import { findNode } from '../../media/walk-filesystem.ts';
import { readTextInRoot } from '../../packages/read-in-root.ts';
import type { GrubFiles } from '../grub/grub-files.ts';

/** Largest script or environment block of GRUB to read, in bytes. */
const LIMIT = 1024 * 1024;

/** What a menu can look at: filesystems by label, and systems that were read already by the place of their image. */
export interface MenuSources {
  readonly filesystems: ReadonlyMap<string, Filesystem>;
  /** The directory of what was read of a system, by `LABEL!PATH`. */
  readonly systems: ReadonlyMap<string, string>;
}

/** The files for a boot menu. A device is the label of its filesystem. */
export function menuFiles({ filesystems, systems }: MenuSources): GrubFiles {
  const find = async (device: string, path: string) => {
    const filesystem = filesystems.get(device);
    const node = filesystem && (await findNode(filesystem, path));
    return filesystem && node?.kind === 'file' ? { filesystem, node } : undefined;
  };
  return {
    search: async ({ label, file }) => {
      if (label !== undefined) return filesystems.has(label) ? label : undefined;
      if (file === undefined) return undefined;
      for (const device of filesystems.keys()) if ((await find(device, file)) !== undefined) return device;
      return undefined;
    },
    size: async (device, path) => (await find(device, path))?.node.size,
    read: async (device, path) => {
      const system = systems.get(device.replace(/!\/+/, '!'));
      if (system !== undefined) {
        const text = await readTextInRoot(system, path);
        return text === undefined ? undefined : Buffer.from(text);
      }
      const found = await find(device, path);
      if (found === undefined || found.node.size > LIMIT) return undefined;
      return (await found.filesystem.open(found.node)).read(0, found.node.size);
    },
  };
}
