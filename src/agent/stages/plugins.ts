import type { Plugin } from './plugin.ts';
import { authorizedKeysPlugin } from './plugins/authorized-keys.ts';
import { commandsPlugin } from './plugins/commands.ts';
import { datasourcePlugin } from './plugins/datasource.ts';
import { deleteEntitiesPlugin } from './plugins/delete-entities.ts';
import { directoriesPlugin } from './plugins/directories.ts';
import { dnsPlugin } from './plugins/dns.ts';
import { downloadsPlugin } from './plugins/downloads.ts';
import { ensureEntitiesPlugin } from './plugins/ensure-entities.ts';
import { environmentPlugin } from './plugins/environment.ts';
import { filesPlugin } from './plugins/files.ts';
import { gitPlugin } from './plugins/git.ts';
import { hostnamePlugin } from './plugins/hostname.ts';
import { layoutPlugin } from './plugins/layout.ts';
import { modulesPlugin } from './plugins/modules.ts';
import { packagePinsPlugin } from './plugins/package-pins.ts';
import { packagesPlugin } from './plugins/packages.ts';
import { sysctlPlugin } from './plugins/sysctl.ts';
import { systemctlPlugin } from './plugins/systemctl.ts';
import { systemdFirstbootPlugin } from './plugins/systemd-firstboot.ts';
import { timesyncdPlugin } from './plugins/timesyncd.ts';
import { unpackImagesPlugin } from './plugins/unpack-images.ts';
import { usersPlugin } from './plugins/users.ts';

/**
 * The actions of steps in execution order, which is that of `PLUGIN_KEYS` (docs/contract.md 4.7). Those that need a client of
 * registries or clouds load it when they run: most stages of most boots have no such step, and a boot waits for the agent.
 */
export const PLUGINS: readonly Plugin[] = [
  dnsPlugin,
  downloadsPlugin,
  gitPlugin,
  ensureEntitiesPlugin,
  directoriesPlugin,
  filesPlugin,
  commandsPlugin,
  deleteEntitiesPlugin,
  hostnamePlugin,
  sysctlPlugin,
  usersPlugin,
  authorizedKeysPlugin,
  modulesPlugin,
  timesyncdPlugin,
  systemctlPlugin,
  environmentPlugin,
  systemdFirstbootPlugin,
  datasourcePlugin,
  layoutPlugin,
  packagePinsPlugin,
  packagesPlugin,
  unpackImagesPlugin,
];
