import { LABEL } from '../../../common/contract/labels.ts';
import { SLOT_FILE } from '../../../common/contract/partition-files.ts';
import { readTextInRoot } from '../../packages/read-in-root.ts';
import type { GrubFiles } from '../grub/grub-files.ts';
import { grubMenu, type MenuEntry } from '../grub/grub-menu.ts';

const SLOTS = new Set<string>([SLOT_FILE.active, SLOT_FILE.passive, SLOT_FILE.recovery]);

/**
 * The menu that an installation of a system gets: that of the system, with the same system in each slot.
 * @param directory what was read of its root
 */
export async function systemMenu(directory: string): Promise<MenuEntry[]> {
  const script = await readTextInRoot(directory, '/etc/cos/grub.cfg');
  if (script === undefined) return [];
  const files: GrubFiles = {
    search: async ({ label }) => label,
    size: async (_, path) => (SLOTS.has(path.replace(/^\/+/, '')) ? 1 : undefined),
    read: async (device, path) => {
      const text = device.includes('!') ? await readTextInRoot(directory, path) : undefined;
      return text === undefined ? undefined : Buffer.from(text);
    },
  };
  return grubMenu(script, LABEL.state, files);
}
