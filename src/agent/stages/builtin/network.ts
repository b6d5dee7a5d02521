import type { Host } from '../../../common/host/host.ts';
import { argumentsIn } from '../../config/command-line.ts';
import { CONNMAN_FILE, connmanFile } from '../../network/connman.ts';
import { kernelNetwork } from '../../network/kernel-network.ts';
import type { NetworkFile } from '../../network/network-file.ts';
import { networkManagerFiles } from '../../network/network-manager.ts';
import { networkdFiles } from '../../network/networkd.ts';
import type { NetworkPlan } from '../../network/plan.ts';
import { placeSiteFiles, SITE_DIRECTORIES } from '../../network/site-files.ts';
import type { BuiltinStep } from './builtin-step.ts';

const CONNMAN = '/var/lib/connman';
/** Units here take precedence. The directory `/run/systemd/system` would tell programs that systemd runs already (sd_booted(3)). */
const RUNTIME_UNITS = '/run/systemd/system.control';

/**
 * Configures the network before its program starts, so that a site without DHCP works from the first fetch on: from the files of
 * the site, and from the kernel command line, which wins. Files are written for each program that the image may use.
 */
export const networkStep: BuiltinStep = {
  stage: 'initramfs.before',
  name: 'network',
  run: async (host) => {
    for (const file of await placeSiteFiles(host))
      host.log('warn', `${file} is of no known kind (${SITE_DIRECTORIES.join(', ')})`);
    const plan = kernelNetwork([
      ...argumentsIn((await host.readText('/proc/cmdline')) ?? ''),
      ...(await bootCard(host)),
    ]);
    for (const problem of plan.problems)
      host.log('warn', `kernel command line: ${problem}; the argument is ignored`);
    const networkd = networkdFiles(plan);
    await writeAll(host, '/run/systemd/network', { files: networkd, mode: 0o644 });
    if (networkd.length > 0) await maskGenerator(host);
    await writeAll(host, '/run/NetworkManager/system-connections', {
      files: networkManagerFiles(plan),
      mode: 0o600,
    });
    await configureConnman(host, plan);
  },
};

/**
 * Keeps systemd-network-generator(8) from reading the same arguments: it knows only some of their forms, fails for others, and
 * then the system counts as degraded.
 */
async function maskGenerator(host: Host): Promise<void> {
  await host.makeDirectory(RUNTIME_UNITS);
  await host.link('/dev/null', `${RUNTIME_UNITS}/systemd-network-generator.service`);
}

/** The card that the initramfs fetched the root with, as an argument: it is the one for arguments that name none. */
async function bootCard(host: Host): Promise<string[]> {
  const address = (await host.readText('/run/initramfs/network-card'))?.trim();
  return address ? [`BOOTIF=${address}`] : [];
}

interface Files {
  readonly files: readonly NetworkFile[];
  readonly mode: number;
}

async function writeAll(host: Host, directory: string, { files, mode }: Files): Promise<void> {
  for (const { name, content } of files) await host.write(`${directory}/${name}`, content, { mode });
}

/** The directory of connman persists, so that the file of an earlier boot may be there. */
async function configureConnman(host: Host, plan: NetworkPlan): Promise<void> {
  if (!(await host.has('connmand'))) return;
  const file = connmanFile(plan);
  if (file !== undefined) await host.write(`${CONNMAN}/${file.name}`, file.content, { mode: 0o600 });
  else if ((await host.stat(`${CONNMAN}/${CONNMAN_FILE}`)) !== undefined)
    await host.remove(`${CONNMAN}/${CONNMAN_FILE}`);
  if (plan.vlans.length + plan.bonds.length + plan.bridges.length > 0)
    host.log('warn', 'connman makes no VLANs, bonds and bridges: use an image with another network program');
}
