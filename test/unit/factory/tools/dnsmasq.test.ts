import { expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { runDnsmasq } from '../../../../src/factory/tools/dnsmasq.ts';
import type { Runner } from '../../../../src/factory/tools/runner.ts';

const CAPABILITIES = '-all,+net_bind_service,+net_admin,+net_raw';

function runner(end?: FactoryError): Runner {
  return {
    locate: async () => '/usr/sbin/dnsmasq',
    run: async (tool, args) => {
      expect([tool.name, ...args]).toEqual([
        ...['setpriv', '--pdeathsig', 'KILL', '--no-new-privs'],
        ...['--reuid', '999', '--regid', '998', '--clear-groups'],
        ...['--inh-caps', CAPABILITIES, '--ambient-caps', CAPABILITIES, '--bounding-set', CAPABILITIES],
        ...['/usr/sbin/dnsmasq', '--keep-in-foreground', '--conf-file=/run/x/dnsmasq.conf'],
      ]);
      if (end !== undefined) throw end;
      return { stdout: '', stderr: '', exitCode: 0 };
    },
  };
}
const how = {
  config: '/run/x/dnsmasq.conf',
  account: { uid: 999, gid: 998 },
  onLine: () => undefined,
} as const;
const run = (end?: FactoryError) => runDnsmasq(runner(end), how);

test.each([
  'dnsmasq: failed to bind DHCP server socket: Address already in use',
  'dnsmasq: failed to create listening socket for 192.0.2.1: Address already in use',
])('ports of another program are named: %s', async (line) => {
  const end = new FactoryError('TOOL_FAILED', 'setpriv failed with status 2', { details: ['', line] });
  await expect(run(end)).rejects.toMatchObject({ code: 'PORT_IN_USE', details: [line] });
});

test('any other end is a failure of dnsmasq, with its last lines', async () => {
  const details = ['dnsmasq: unknown interface lan'];
  const end = new FactoryError('TOOL_FAILED', 'setpriv failed with status 3', { details });
  const message = 'dnsmasq has ended by itself';
  await expect(run(end)).rejects.toMatchObject({ code: 'TOOL_FAILED', message, details });
  await expect(run()).rejects.toMatchObject({ code: 'TOOL_FAILED', message, details: [] });
});

test('what is not about dnsmasq keeps its message', async () => {
  const end = new FactoryError('TOOL_MISSING', 'setpriv is not installed');
  await expect(run(end)).rejects.toBe(end);
});
