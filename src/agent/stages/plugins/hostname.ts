import { dirname, resolve } from 'node:path';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import type { Plugin } from '../plugin.ts';

/** Directory in which `/etc/hostname` and `/etc/hosts` survive reboots (docs/contract.md 2.6). */
const PERSISTENT = `${NODE_PATH.keptEtc}/`;
/** Content for a system without `/etc/hosts` (hosts(5)). */
const LOCALHOST = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n';
/** The address that Debian assigns to the host name (Debian reference, section 5.1.1). */
const OWN_ADDRESS = '127.0.1.1';
const KERNEL = '/proc/sys/kernel/hostname';

/**
 * `hostname`: expands the name as a template, which may use `.MachineID` and `.UUID` (docs/contract.md 4.8), writes it to
 * `/etc/hostname` and `/etc/hosts` (docs/contract.md 2.6), and sets it in the running kernel.
 *
 * @throws FactoryError `usage` when the result is not a valid host name
 */
export const hostnamePlugin: Plugin<'hostname'> = {
  key: 'hostname',
  run: async ({ host, expand }, template) => {
    const name = (await expand(template)).trim();
    // hostname(7): labels of up to 63 characters; the kernel allows 64 in total (__NEW_UTS_LEN).
    if (name.length > 64 || !/^[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9][a-z0-9-]{0,62})*$/i.test(name)) {
      throw new FactoryError('CLOUD_CONFIG_INVALID', `"${name}" is not a host name`, {
        remedy: 'Use at most 64 letters, digits, "-" and ".".',
      });
    }
    await replaceText(host, '/etc/hostname', () => `${name}\n`);
    await replaceText(host, '/etc/hosts', (hosts) => withOwnLine(hosts ?? LOCALHOST, name));
    if (await host.stat(KERNEL)) await host.append(KERNEL, name);
    else await host.run('hostname', [name]);
  },
};

/** The hosts file with exactly one line for the machine's own address. */
function withOwnLine(hosts: string, name: string): string {
  const [short] = name.split('.');
  const line = `${OWN_ADDRESS} ${short === name ? name : `${name} ${short}`}`;
  const lines = hosts.split('\n');
  const isOwn = (other: string) => other.trim().split(/\s+/)[0] === OWN_ADDRESS;
  const first = lines.findIndex(isOwn);
  if (first < 0) return `${hosts}${hosts === '' || hosts.endsWith('\n') ? '' : '\n'}${line}\n`;
  return lines
    .with(first, line)
    .filter((other, index) => index <= first || !isOwn(other))
    .join('\n');
}

/** Writes a file when its text changes; a link to the persistent directory is followed, any other link is replaced. */
async function replaceText(
  host: Host,
  path: string,
  change: (text: string | undefined) => string,
): Promise<void> {
  const isLink = (await host.stat(path, { follow: false }))?.kind === 'link';
  const target = isLink ? resolve(dirname(path), await host.readLink(path)) : path;
  const place = target.startsWith(PERSISTENT) ? target : path;
  const old = await host.readText(place);
  const text = change(old);
  if (text !== old) await host.write(place, text);
}
