import { FactoryError } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';
import { SETPRIV, setprivArguments } from './setpriv.ts';

export const DNSMASQ: HostTool = {
  name: 'dnsmasq',
  package: 'dnsmasq-base',
  purpose: 'answers machines that boot over the network',
  version: {
    args: ['--version'],
    pattern: /version (\d+\.\d+)/,
    range: '>=2.86',
    reason: 'UEFI HTTP boot needs the option dhcp-pxe-vendor',
  },
};

/** Ports below 1024; the neighbours that it gives addresses to; and looking whether an address is free. */
const CAPABILITIES = ['net_bind_service', 'net_admin', 'net_raw'];
const IN_USE = /failed to (?:bind|create|listen).*Address already in use/;

/** How dnsmasq runs. */
export interface DnsmasqRun {
  /** Path of the configuration. */
  readonly config: string;
  /** The account that it runs as. */
  readonly account: { readonly uid: number; readonly gid: number };
  /** Called with each line that it prints. */
  readonly onLine: (line: string) => void;
}

/**
 * Runs dnsmasq(8) until the runner's signal is aborted, or this program ends. Needs root, whose rights dnsmasq does not get.
 * @throws FactoryError `usage` when another program has one of its ports, `tool` when a tool is missing, `step` when it ends
 */
export async function runDnsmasq(runner: Runner, { config, account, onLine }: DnsmasqRun): Promise<never> {
  const dnsmasq = await runner.locate(DNSMASQ);
  const rights = setprivArguments({ ...account, capabilities: CAPABILITIES });
  const args = [...rights, dnsmasq, '--keep-in-foreground', `--conf-file=${config}`];
  const details = await runner.run(SETPRIV, args, { onLine }).then(
    () => [],
    (error: unknown) => {
      if (error instanceof FactoryError && error.code === 'TOOL_FAILED') return error.details;
      throw error;
    },
  );
  const inUse = details.find((line) => IN_USE.test(line));
  if (inUse !== undefined)
    throw new FactoryError('PORT_IN_USE', 'another program has a UDP port of DHCP (67, 4011) or TFTP (69)', {
      details: [inUse],
      remedy: 'Find the program with "ss -ulpn", and stop it, or serve from another machine.',
    });
  throw new FactoryError('TOOL_FAILED', 'dnsmasq has ended by itself', {
    details,
    remedy: 'Start the command again.',
  });
}
