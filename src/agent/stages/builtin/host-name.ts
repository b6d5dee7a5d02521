import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import type { Host } from '../../../common/host/host.ts';
import { mountTable } from '../../deploy/mounts.ts';
import type { BuiltinStep } from './builtin-step.ts';

/**
 * Sets a default host name, `kairos-` and the beginning of the machine-id, until a configuration sets another. With a
 * persistent volume, `/etc/hostname` and `/etc/hosts` are links to it (docs/contract.md 2.6).
 */
export const hostNameStep: BuiltinStep = {
  stage: 'initramfs.before',
  name: 'host name',
  run: async (host) => {
    const id = (await host.readText('/etc/machine-id'))?.trim() ?? '';
    const name = id === '' ? 'kairos' : `kairos-${id.slice(0, 4)}`;
    const persistent = (await mountTable(host)).some(({ path }) => path.endsWith(NODE_PATH.persistent));
    const hosts = `127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 ${name}\n`;
    await keep(host, 'hostname', { content: `${name}\n`, persistent });
    await keep(host, 'hosts', { content: hosts, persistent });
  },
};

async function keep(
  host: Host,
  file: string,
  { content, persistent }: { readonly content: string; readonly persistent: boolean },
): Promise<void> {
  const place = persistent ? `${NODE_PATH.keptEtc}/${file}` : `/etc/${file}`;
  if ((await host.stat(place))?.size) {
    if (!persistent || (await host.stat(`/etc/${file}`, { follow: false }))?.kind === 'link') return;
  } else await host.write(place, content);
  if (persistent) await host.link(place, `/etc/${file}`);
}
