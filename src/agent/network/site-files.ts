import { NODE_PATH } from '../../common/contract/node-paths.ts';
import type { Host } from '../../common/host/host.ts';

/** Directories with the network of a site: on the live medium, and on OEM, whose files win. */
export const SITE_DIRECTORIES = [`${NODE_PATH.liveMedium}/network`, `${NODE_PATH.oem}/network`];

/** A kind of file, and where its program looks for it. */
interface Kind {
  readonly pattern: RegExp;
  readonly target: string;
  /** Profiles contain passwords, and NetworkManager ignores those that others can read. */
  readonly mode: number;
}

const KINDS: readonly Kind[] = [
  { pattern: /\.(?:network|netdev|link)$/, target: '/run/systemd/network', mode: 0o644 },
  { pattern: /\.nmconnection$/, target: '/run/NetworkManager/system-connections', mode: 0o600 },
  { pattern: /^wpa_supplicant-.+\.conf$/, target: '/etc/wpa_supplicant', mode: 0o600 },
  { pattern: /\.config$/, target: '/var/lib/connman', mode: 0o600 },
];
/** Starts a wpa_supplicant for one interface (wpa_supplicant(8)). */
const WIFI_UNIT = 'wpa_supplicant@';
const UNIT_DIRECTORIES = ['/usr/lib/systemd/system', '/lib/systemd/system'];

/** Puts the files of a site where the program of each kind reads them. @returns names of files of no known kind */
export async function placeSiteFiles(host: Host): Promise<string[]> {
  const unknown: string[] = [];
  for (const directory of SITE_DIRECTORIES) {
    for (const name of await host.list(directory)) {
      const source = `${directory}/${name}`;
      if ((await host.stat(source))?.kind !== 'file') continue;
      const kind = KINDS.find(({ pattern }) => pattern.test(name));
      if (kind === undefined) unknown.push(source);
      else {
        await host.write(`${kind.target}/${name}`, (await host.readBytes(source)) ?? '', { mode: kind.mode });
        const wireless = /^wpa_supplicant-(.+)\.conf$/.exec(name)?.[1];
        if (wireless !== undefined) await startWifi(host, wireless);
      }
    }
  }
  return unknown;
}

async function startWifi(host: Host, name: string): Promise<void> {
  for (const directory of UNIT_DIRECTORIES) {
    const unit = `${directory}/${WIFI_UNIT}.service`;
    if ((await host.stat(unit)) === undefined) continue;
    await host.link(unit, `/etc/systemd/system/multi-user.target.wants/${WIFI_UNIT}${name}.service`);
    return;
  }
  host.log('warn', `${name}: the image has no ${WIFI_UNIT}.service; add the package wpasupplicant to it`);
}
