import { gunzipSync } from 'node:zlib';
import type { Host } from '../../common/host/host.ts';
import type { Provider } from './found.ts';
import { hostnameIn } from './hostname-in.ts';

/** Milliseconds that the hypervisor may take to answer. */
const TIMEOUT = 5000;
/** Values that tools write to clear a variable. */
const EMPTY = ['', '---'];

/** `vmware`: reads the variables `guestinfo.userdata` and `guestinfo.metadata`, each with an encoding (docs/contract.md 4.9). */
export const vmwareProvider: Provider = async (host) => {
  if (!(await host.has('vmware-rpctool'))) return undefined;
  const userData = await variable(host, 'guestinfo.userdata');
  if (userData === undefined) return undefined;
  const metadata = await variable(host, 'guestinfo.metadata');
  return { userData, ...hostnameIn(metadata && Buffer.from(metadata).toString('utf8'), 'local-hostname') };
};

async function variable(host: Host, name: string): Promise<Uint8Array | undefined> {
  const value = await ask(host, name);
  if (EMPTY.includes(value.trim())) return undefined;
  const encoding = (await ask(host, `${name}.encoding`)).trim().toLowerCase();
  const bytes = /^(gz(ip)?\+)?b(ase)?64$/.test(encoding)
    ? Buffer.from(value, 'base64')
    : Buffer.from(value, 'utf8');
  return encoding.startsWith('gz') ? gunzipSync(bytes) : bytes;
}

/** Reads a variable; empty when it is not set, in which case the program fails. */
async function ask(host: Host, name: string): Promise<string> {
  const { status, stdout } = await host.run('vmware-rpctool', [`info-get ${name}`], {
    allowFailure: true,
    timeout: TIMEOUT,
  });
  return status === 0 ? stdout : '';
}
