import { dirname, resolve } from 'node:path';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import type { Plugin } from '../plugin.ts';

/** Where `/etc/hostname` and `/etc/hosts` are kept over boots (docs/contract.md 2.6). */
const PERSISTENT = `${NODE_PATH.keptEtc}/`;
/** What a system without `/etc/hosts` gets (hosts(5)). */
const LOCALHOST = '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n';
/** The address that Debian gives to a host name of its own (Debian reference, section 5.1.1). */
const OWN_ADDRESS = '127.0.1.1';
const KERNEL = '/proc/sys/kernel/hostname';

/**
 * `hostname`: expanded as a template, also with `.MachineID` and `.UUID` (docs/contract.md 4.8); written to
 * `/etc/hostname` and `/etc/hosts` (docs/contract.md 2.6), and given to the running kernel.
 *
 * @throws FactoryError `usage` when what it expands to is no host name
 */
export const hostnamePlugin: Plugin<'hostname'> = {
  key: 'hostname',
  run: async ({ host, expand }, template) => {
    const name = (await expand(template)).trim();
    // hostname(7): labels of 63 characters; the kernel holds 64 in all (__NEW_UTS_LEN).
    if (name.length > 64 || !/^[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9][a-z0-9-]{0,62})*$/i.test(name)) {
      throw new FactoryError('CLOUD_CONFIG_INVALID', `"${name}" is no host name`, {
        remedy: 'Use letters, digits, "-" and ".", 64 characters at most.',
      });
    }
    await replaceText(host, '/etc/hostname', () => `${name}\n`);
    await replaceText(host, '/etc/hosts', (hosts) => withOwnLine(hosts ?? LOCALHOST, name));
    if (await host.stat(KERNEL)) await host.append(KERNEL, name);
    else await host.run('hostname', [name]);
  },
};

/** Hosts with exactly one line for the own address. */
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

/** Writes a file anew when its text changes: behind its link when that leads to where it persists, else in its place. */
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
