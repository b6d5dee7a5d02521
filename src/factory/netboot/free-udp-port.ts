import { createSocket } from 'node:dgram';
import { FactoryError } from '../../common/errors/factory-error.ts';

/**
 * Checks that no other program has a UDP port: two processes of dnsmasq would share it, and each would get some of the packets.
 * @throws FactoryError `usage` when one has it
 */
export async function requireFreeUdpPort(address: string, port: number): Promise<void> {
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ address, port, exclusive: true }, resolve);
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'another program has the port' : message;
    throw new FactoryError('PORT_IN_USE', `cannot use UDP port ${port} of ${address}: ${why}`, {
      remedy: 'Find the program with "ss -ulpn", and stop it, or serve from another machine.',
      cause: error,
    });
  } finally {
    socket.close();
  }
}
