import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import { GRUB_FILE } from '../../common/contract/partition-files.ts';
import { rootOsRelease } from '../../common/contract/root-names.ts';
import type { Host } from '../../common/host/host.ts';

/** Where the name of the boot menu's entries comes from and goes to. */
export interface MenuName {
  /** Tree of the new system. */
  readonly root: string;
  /** Mount point of the state partition. */
  readonly state: string;
  /** `grub-entry-name` of the configuration. */
  readonly name: string | undefined;
}

/**
 * Sets the name of the entries of the boot menu (docs/contract.md 5.3): `grub-entry-name` of the configuration, or else
 * `GRUB_ENTRY_NAME` of the image. Without either, the menu keeps its own name.
 */
export async function setMenuName(host: Host, { root, state, name: wanted }: MenuName): Promise<void> {
  const release = await rootOsRelease(host.resolve(root));
  const name = (wanted ?? release.get('GRUB_ENTRY_NAME'))?.trim();
  if (name === undefined || name === '') return;
  try {
    await host.write(`${state}/${GRUB_FILE.rebranding}`, grubEnvironment({ default_menu_entry: name }));
  } catch (error) {
    // The configuration was checked before anything was written, but the image was not there yet.
    if (!(error instanceof RangeError)) throw error;
    host.log('warn', `the boot menu keeps its name, because GRUB_ENTRY_NAME does not fit: ${error.message}`);
  }
}
