import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import { GRUB_FILE } from '../../common/contract/partition-files.ts';
import type { Host } from '../../common/host/host.ts';

/**
 * Names the entries of the boot menu (docs/contract.md 5.3): the configuration's `grub-entry-name`, else the image's
 * `GRUB_ENTRY_NAME`; neither leaves the menu's own.
 * @param root tree of the new system
 */
export async function setMenuName(
  host: Host,
  root: string,
  state: string,
  wanted: string | undefined,
): Promise<void> {
  const release = parseOsRelease((await host.readText(`${root}/etc/os-release`)) ?? '');
  const name = wanted ?? release.get('GRUB_ENTRY_NAME');
  if (name === undefined || name === '') return;
  await host.write(`${state}/${GRUB_FILE.rebranding}`, grubEnvironment({ default_menu_entry: name }));
}
