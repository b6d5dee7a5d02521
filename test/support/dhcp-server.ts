import { join } from 'node:path';
import { execa } from 'execa';
import type { NetworkNamespace } from './network-namespaces.ts';

/** The DHCP server of a site, which knows nothing of booting; it ends when it is disposed of. */
export interface DhcpServer extends AsyncDisposable {
  /** What it has logged. */
  readonly log: () => string;
}

/**
 * Starts the DHCP server of a network, on the card `eth0` of a machine.
 * @param options.range first and last address, netmask, and the time of a lease, as dnsmasq(8) writes them
 * @param options.directory receives the file of leases
 */
export function startDhcp(
  { enter }: NetworkNamespace,
  { range, directory }: { readonly range: string; readonly directory: string },
): DhcpServer {
  const [program = '', ...words] = enter;
  const files = ['--conf-file=/dev/null', '--pid-file', `--dhcp-leasefile=${join(directory, 'leases')}`];
  const network = ['--port=0', '--interface=eth0', '--bind-interfaces', '--no-ping', `--dhcp-range=${range}`];
  const rest = ['--keep-in-foreground', '--log-facility=-', '--user=root', ...files, ...network];
  const child = execa(program, [...words, 'dnsmasq', ...rest], { reject: false, buffer: false });
  let text = '';
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  return {
    log: () => text,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await child;
    },
  };
}
