import { createServer } from 'node:net';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** A port of the host that leads to a port of the machine. */
export interface Forward {
  readonly protocol: 'tcp' | 'udp';
  /** Address of the host: IPv4. */
  readonly address: string;
  readonly hostPort: number;
  readonly guestPort: number;
}

/** Nobody else reaches a machine unless its user says so. */
export const LOOPBACK = '127.0.0.1';
const FORM = /^(?:(\d{1,3}(?:\.\d{1,3}){3}):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/;

/** Parses `[ADDRESS:]HOST_PORT:GUEST_PORT[/udp]`. @throws FactoryError `usage` for another form, or an impossible port */
export function parseForward(text: string): Forward {
  const [, address = LOOPBACK, host, guest, protocol = 'tcp'] = FORM.exec(text) ?? [];
  const [hostPort, guestPort] = [Number(host), Number(guest)];
  const isPossible = [hostPort, guestPort].every((port) => port >= 1 && port <= 65535);
  const isAddress = address.split('.').every((part) => Number(part) <= 255);
  if (isPossible && isAddress)
    return { protocol: protocol === 'udp' ? 'udp' : 'tcp', address, hostPort, guestPort };
  throw new FactoryError('OPTION_INVALID', `--forward: "${text}" does not name two ports`, {
    remedy:
      'Write HOST_PORT:GUEST_PORT, such as 8080:80, 0.0.0.0:8080:80 for other machines, or 5353:53/udp.',
  });
}

/** A TCP port of the host that no program uses. */
export async function freePort(): Promise<number> {
  const { port } = await listen({ host: LOOPBACK, port: 0 });
  return port;
}

/** Checks that QEMU can listen on the TCP ports. @throws FactoryError `usage` for a port that is in use, or reserved for root */
export async function requireFreePorts(forwards: readonly Forward[]): Promise<void> {
  for (const { protocol, address, hostPort } of forwards) {
    if (protocol === 'udp') continue;
    await listen({ host: address, port: hostPort }).catch((error: NodeJS.ErrnoException) => {
      const why = {
        EADDRINUSE: 'another program uses it',
        EACCES: 'only root may use ports below 1024',
        EADDRNOTAVAIL: 'this machine does not have the address',
      }[error.code ?? ''];
      throw new FactoryError(
        'OPTION_INVALID',
        `port ${hostPort} of ${address} cannot be forwarded: ${why ?? error.message}`,
        { remedy: 'Choose another port.', cause: error },
      );
    });
  }
}

/** Listens for a moment. */
async function listen(where: { readonly host: string; readonly port: number }): Promise<{ port: number }> {
  const server = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : where.port);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return { port };
}
