import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openChannel, type ProofChannel, RESTARTED } from '../../../../src/factory/prove/proof-channel.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** The other end of the port: what QEMU and the responder in the machine are. */
let guest: Socket;
let received: string[];
let channel: ProofChannel;
let close: () => void;

beforeEach(async () => {
  received = [];
  const path = join(temporaryDirectory(), 'port');
  const server = createServer();
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
  // The socket appears after the first attempt to connect.
  setTimeout(() => server.listen(path), 150);
  channel = await openChannel(path, AbortSignal.timeout(10_000));
  guest = await connected;
  createInterface({ input: guest }).on('line', (line) => received.push(line));
  close = () => server.close();
});
afterEach(() => {
  channel[Symbol.dispose]();
  guest.destroy();
  close();
});

const soon = () => AbortSignal.timeout(10_000);
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('runs scripts, and returns status and output whatever bytes they have', async () => {
  const result = channel.run('echo one\necho two', soon());
  await expect.poll(() => received).toEqual([`1 ${base64('echo one\necho two')}`]);
  guest.write(`done 1 3 ${base64('one\ntwo done 1 0\n')}\n`);
  expect(await result).toEqual({ status: 3, output: 'one\ntwo done 1 0' });
  const silent = channel.run('true', soon());
  guest.write('done 2 0 \n');
  expect(await silent).toEqual({ status: 0, output: '' });
});

test('waits for each boot once, also for one that came before', async () => {
  guest.write('boot a\n');
  await channel.booted(soon());
  const second = channel.booted(AbortSignal.timeout(300));
  await expect(second).rejects.toThrow();
  guest.write('boot b\n');
  await channel.booted(soon());
});

test('a script whose system restarts has its own status', async () => {
  const result = channel.run('sleep 100', soon());
  guest.write('boot b\n');
  expect(await result).toMatchObject({ status: RESTARTED });
  await channel.booted(soon());
});

test('a system that never answers costs the given time only', async () => {
  await expect(channel.run('true', AbortSignal.timeout(50))).rejects.toThrow();
});
