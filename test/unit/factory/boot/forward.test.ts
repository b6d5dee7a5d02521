import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort, LOOPBACK, parseForward, requireFreePorts } from '../../../../src/factory/boot/forward.ts';
import { failureOf } from '../../support/failure.ts';

test.each([
  ['8080:80', { protocol: 'tcp', address: LOOPBACK, hostPort: 8080, guestPort: 80 }],
  ['0.0.0.0:8080:80/tcp', { protocol: 'tcp', address: '0.0.0.0', hostPort: 8080, guestPort: 80 }],
  ['5353:53/udp', { protocol: 'udp', address: LOOPBACK, hostPort: 5353, guestPort: 53 }],
])('%s', (text, forward) => {
  expect(parseForward(text)).toEqual(forward);
});

test.each(['', '80', '0:80', '80:65536', '999.0.0.1:80:80', '80:80/sctp', '80:80,hostfwd=tcp::1-:2', 'a:b'])(
  '"%s" is refused',
  async (text) => {
    const { code, remedy } = await failureOf(async () => parseForward(text), 'usage');
    expect(code).toBe('OPTION_INVALID');
    expect(remedy).toContain('8080:80');
  },
);

test('a port that another program uses, and an address of another machine, are refused', async () => {
  const port = await freePort();
  const forward = parseForward(`${port}:22`);
  await requireFreePorts([forward, parseForward('53:53/udp')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, LOOPBACK, resolve));
  try {
    const busy = await failureOf(() => requireFreePorts([forward]), 'usage');
    expect(busy.message).toBe(`port ${port} of 127.0.0.1 cannot be forwarded: another program uses it`);
  } finally {
    server.close();
  }
  const other = await failureOf(() => requireFreePorts([parseForward(`192.0.2.1:${port}:22`)]), 'usage');
  expect(other.message).toContain('this machine does not have the address');
});
