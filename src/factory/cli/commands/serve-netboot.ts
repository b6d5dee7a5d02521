import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { requireValid } from '../../../common/cloud-config/check-source.ts';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { shownPath } from '../../../common/text/shown-path.ts';
import { parseRange } from '../../netboot/address-range.ts';
import { interfaceNames, isUdpPortUsed } from '../../netboot/neighbours.ts';
import { netbootSystems } from '../../netboot/netboot-systems.ts';
import { networkPlace } from '../../netboot/network-place.ts';
import { type NetbootService, serveNetboot } from '../../netboot/serve-netboot.ts';
import { requireTools } from '../../tools/check-tool.ts';
import { DNSMASQ } from '../../tools/dnsmasq.ts';
import { createRunner } from '../../tools/runner.ts';
import { SETPRIV } from '../../tools/setpriv.ts';
import { interruptedBy, onStopSignal } from '../../tools/stop-signals.ts';
import { numberOf } from '../machine-options.ts';
import { GROUPS } from '../option-groups.ts';
import { programName } from '../program-name.ts';
import { notice, report, say } from '../say.ts';
import { warn } from '../warn.ts';

const DHCP_PORT = 67;

/** `kairos-factory serve-netboot`: lets machines of this network boot an artifact `netboot`. */
export function serveNetbootCommand() {
  return new Command('serve-netboot')
    .argument('<directory>', 'directory of an artifact netboot, or its script')
    .optionsGroup(GROUPS.network)
    .option('--interface <name>', 'interface to the machines (default: the only one with an IPv4 address)')
    .option('--address <ip>', 'IPv4 address of this machine, if the interface has several')
    .option('--http-port <port>', 'TCP port of the web server', '8080')
    .option(
      '--dhcp-range <first-last>',
      'be the DHCP server of the network, and give these addresses away (default: answer beside its own)',
    )
    .optionsGroup(GROUPS.content)
    .option('--cloud-config <file>', "cloud-config for all machines, instead of the artifact's own")
    .action(async (directory, options) => {
      const controller = new AbortController();
      const { signal } = controller;
      using _signals = onStopSignal((name) => controller.abort(interruptedBy(name)));
      const runner = createRunner({ signal, log: () => undefined, env: process.env });
      const httpPort = numberOf({ flag: '--http-port', text: options.httpPort, largest: 65535 });
      const cloudConfig =
        options.cloudConfig === undefined ? undefined : await readConfig(options.cloudConfig);
      requireAddress(options.address);
      const systems = await netbootSystems(resolve(directory), signal);
      requireRoot();
      const place = networkPlace({
        interface: options.interface,
        address: options.address,
        addresses: networkInterfaces(),
        all: interfaceNames(await readFile('/proc/net/dev', 'utf8')),
      });
      const range = options.dhcpRange === undefined ? undefined : parseRange(options.dhcpRange, place);
      await requireTools(runner, [DNSMASQ, SETPRIV]);
      if (isUdpPortUsed(await readFile('/proc/net/udp', 'utf8'), DHCP_PORT))
        notice(
          `another program of this machine has UDP port ${DHCP_PORT}; if it serves ${place.interface}, too, stop it`,
        );
      const service: NetbootService = { systems, place, httpPort, range, cloudConfig };
      const summary = await serveNetboot(service, {
        runner,
        signal,
        onReady: (url) => say(readyText(service, url)),
        onLine: (line) => report(`${new Date().toTimeString().slice(0, 8)}  ${line}\n`),
      });
      say(
        summary.length === 0
          ? 'No machine has asked.'
          : ['Machines:', ...summary.map((line) => `  ${line}`)].join('\n'),
      );
    });
}

/** What the person reads when machines can boot. */
function readyText({ systems, place, range }: NetbootService, url: string): string {
  return [
    ...systems.map(({ name, arch }) => `Serving ${name} to ${arch} machines.`),
    `  interface ${place.interface}, address ${place.address}, files at ${url}`,
    range === undefined
      ? "  The network's own DHCP server gives the addresses."
      : `  This is the DHCP server of the network: it gives ${range.first} to ${range.last}.`,
    '  Start the machines with network boot (PXE, or UEFI HTTP boot). Ctrl-C ends the service.',
  ].join('\n');
}

/** Reads and validates the cloud-config. @throws FactoryError `usage` */
async function readConfig(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${file}: cannot be read: ${reasonOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  });
  requireValid(shownPath(file), text, { unsupported: 'warn', warn });
  return text;
}

function requireAddress(address: string | undefined): void {
  if (address === undefined || isIPv4(address)) return;
  throw new FactoryError('OPTION_INVALID', `--address: "${address}" is not an IPv4 address`);
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new FactoryError(
    'PERMISSION_DENIED',
    'serve-netboot is for root: DHCP and TFTP have ports below 1024',
    {
      remedy: `Run it with sudo: sudo ${programName()} serve-netboot …`,
    },
  );
}
