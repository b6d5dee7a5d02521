import { expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { runDnsmasq } from '../../../../src/factory/tools/dnsmasq.ts';
import type { Runner } from '../../../../src/factory/tools/runner.ts';

function runner(end?: FactoryError): Runner {
  return {
    locate: async () => '/usr/sbin/dnsmasq',
    run: async (_tool, args) => {
      expect(args).toEqual(['--keep-in-foreground', '--conf-file=/run/x/dnsmasq.conf']);
      if (end !== undefined) throw end;
      return { stdout: '', stderr: '', exitCode: 0 };
    },
  };
}
const run = (end?: FactoryError) => runDnsmasq(runner(end), '/run/x/dnsmasq.conf', () => undefined);

test.each([
  'dnsmasq: failed to bind DHCP server socket: Address already in use',
  'dnsmasq: failed to create listening socket for 192.0.2.1: Address already in use',
])('ports of another program are named: %s', async (line) => {
  const end = new FactoryError('TOOL_FAILED', 'dnsmasq failed with status 2', { details: ['', line] });
  await expect(run(end)).rejects.toMatchObject({ code: 'PORT_IN_USE', details: [line] });
});

test('other failures keep their message, and an end without one is a failure', async () => {
  const end = new FactoryError('TOOL_FAILED', 'dnsmasq failed with status 3');
  await expect(run(end)).rejects.toBe(end);
  await expect(run()).rejects.toMatchObject({ code: 'TOOL_FAILED' });
});
