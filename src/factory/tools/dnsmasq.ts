import { FactoryError } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

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

const IN_USE = /failed to (?:bind|create|listen).*Address already in use/;

/**
 * Runs dnsmasq(8) until the runner's signal is aborted. It is started as root, and gives its rights up as the configuration says.
 * @param config path of the configuration
 * @throws FactoryError `usage` when another program has one of its ports, `tool` when it is missing, `step` when it ends
 */
export async function runDnsmasq(
  runner: Runner,
  config: string,
  onLine: (line: string) => void,
): Promise<never> {
  const args = ['--keep-in-foreground', `--conf-file=${config}`];
  await runner.run(DNSMASQ, args, { onLine }).catch((error: unknown) => {
    const details = error instanceof FactoryError ? error.details : [];
    const inUse = details.find((line) => IN_USE.test(line));
    if (inUse === undefined) throw error;
    throw new FactoryError('PORT_IN_USE', 'another program has a UDP port of DHCP (67, 4011) or TFTP (69)', {
      details: [inUse],
      remedy: 'Find the program with "ss -ulpn", and stop it, or serve from another machine.',
      cause: error,
    });
  });
  throw new FactoryError('TOOL_FAILED', 'dnsmasq has ended by itself', {
    remedy: 'Start the command again.',
  });
}
