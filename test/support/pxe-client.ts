import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv4 } from 'node:net';

/**
 * The firmware of a machine that asks for a boot program (RFC 2131, RFC 4578; PXE specification 2.1): it prints the offers as JSON.
 * Arguments: DHCP option 93, the vendor class, and optionally the user class, or the server that it then asks on port 4011.
 */
const [arch = '7', vendor = 'PXEClient', last = ''] = process.argv.slice(2);
const LINK = execFileSync('ip', ['-o', 'link', 'show', 'eth0'], { encoding: 'utf8' });
const MAC = Buffer.from(/ether (\S+)/.exec(LINK)?.[1]?.replaceAll(':', '') ?? '', 'hex');
const COOKIE = Buffer.of(0x63, 0x82, 0x53, 0x63);
const DISCOVER = 1;
const REQUEST = 3;
/** Milliseconds in which servers answer: dnsmasq looks for three seconds whether an address is free. */
const PATIENCE = Number(process.env['PATIENCE'] ?? 500);

const option = (code: number, ...bytes: number[]) => Buffer.of(code, bytes.length, ...bytes);

function question(type: number): Buffer {
  const head = Buffer.alloc(236);
  head.set([1, 1, 6, 0, 1, 2, 3, Number(arch)]);
  // Answer by broadcast.
  head.writeUInt16BE(0x8000, 10);
  MAC.copy(head, 28);
  const options = [
    option(53, type),
    option(93, 0, Number(arch)),
    option(60, ...Buffer.from(`${vendor}:Arch:${arch.padStart(5, '0')}:UNDI:003001`)),
    option(97, 0, ...Array.from({ length: 16 }, () => 1)),
    option(55, 1, 3, 43, 60, 66, 67),
    ...(last === '' || isIPv4(last) ? [] : [option(77, ...Buffer.from(last))]),
  ];
  return Buffer.concat([head, COOKIE, ...options, Buffer.of(255)]);
}

function answer(packet: Buffer) {
  const options = new Map<number, Buffer>();
  for (let at = 240; at < packet.length && packet[at] !== 255; ) {
    const length = packet[at + 1] ?? 0;
    options.set(packet[at] ?? 0, packet.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  const text = (bytes: Buffer = Buffer.alloc(0)) => bytes.toString('latin1').replace(/\0.*$/s, '');
  return {
    address: packet.subarray(16, 20).join('.'),
    next: packet.subarray(20, 24).join('.'),
    server: options.get(54)?.join('.'),
    vendor: text(options.get(60)),
    file: text(packet.subarray(108, 236)) || text(options.get(67)),
  };
}

async function ask(socket: Socket, packet: Buffer, to: { readonly port: number; readonly address: string }) {
  const answers: ReturnType<typeof answer>[] = [];
  const take = (bytes: Buffer) => void answers.push(answer(bytes));
  socket.on('message', take);
  socket.send(packet, to.port, to.address);
  await new Promise((resolve) => setTimeout(resolve, PATIENCE));
  socket.off('message', take);
  return answers;
}

const socket = createSocket({ type: 'udp4', reuseAddr: true });
await new Promise<void>((resolve) => socket.bind(68, resolve));
socket.setBroadcast(true);
const answers = await ask(socket, question(DISCOVER), { port: 67, address: '255.255.255.255' });
if (isIPv4(last)) answers.push(...(await ask(socket, question(REQUEST), { port: 4011, address: last })));
socket.close();
process.stdout.write(JSON.stringify(answers));
