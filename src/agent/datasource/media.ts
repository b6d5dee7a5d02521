import type { Host } from '../../common/host/host.ts';
import { findByLabel } from '../deploy/find-by-label.ts';
import { mountTable } from '../deploy/mounts.ts';
import type { Provider } from './found.ts';
import { hostnameIn } from './hostname-in.ts';

/** `cdrom`: the NoCloud volume, on a disc or any other device (docs/contract.md 4.9). */
export const cdromProvider: Provider = (host) =>
  onVolume(host, ['CIDATA', 'cidata'], async (read) => {
    const userData = (await read('user-data')) ?? (await read('config'));
    if (userData === undefined) return undefined;
    const networkConfig = await read('network-config');
    return {
      userData,
      ...hostnameIn(text(await read('meta-data')), 'local-hostname'),
      ...(networkConfig ? { networkConfig } : {}),
    };
  });

/** `config-drive`: the OpenStack config drive (docs/contract.md 4.9). */
export const configDriveProvider: Provider = (host) =>
  onVolume(host, ['config-2', 'CONFIG-2'], async (read) => {
    const userData = await read('openstack/latest/user_data');
    if (userData === undefined) return undefined;
    return { userData, ...hostnameIn(text(await read('openstack/latest/meta_data.json')), 'hostname') };
  });

type Read = (file: string) => Promise<Uint8Array | undefined>;

/** Reads files of the first volume with one of the labels, from its existing mount point or a temporary read-only mount. */
async function onVolume<T>(
  host: Host,
  labels: readonly string[],
  use: (read: Read) => Promise<T>,
): Promise<T | undefined> {
  for (const label of labels) {
    const device = await findByLabel(host, label);
    if (device === undefined) continue;
    const mounted = (await mountTable(host)).find(({ source }) => source === device)?.path;
    if (mounted !== undefined) return use((file) => host.readBytes(`${mounted}/${file}`));
    const path = await host.temporary('kairos-datasource-');
    try {
      await host.run('mount', ['-o', 'ro', device, path]);
      try {
        return await use((file) => host.readBytes(`${path}/${file}`));
      } finally {
        await host.run('umount', [path], { allowFailure: true });
      }
    } finally {
      // rmdir removes only an empty directory, so a volume that is still mounted stays untouched.
      await host.run('rmdir', [path], { allowFailure: true });
    }
  }
  return undefined;
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('utf8');
}
