import { describe, expect, test } from 'vitest';
import { proxiesOf, useProxies } from '../../../../src/agent/network/proxies.ts';
import { proxiesStep } from '../../../../src/agent/stages/builtin/proxies.ts';
import { type TestHostOptions, testHost } from '../support/test-host.ts';

const UNITS = '/etc/systemd/system.conf.d/10-kairos-proxies.conf';
const SHELLS = '/etc/profile.d/kairos-proxies.sh';
const PROXY = 'http://proxy.example:3128';

async function booted(env: string, { files = {}, ...options }: TestHostOptions = {}) {
  const host = await testHost({
    ...options,
    files: { '/proc/cmdline': 'COS_ACTIVE\n', '/oem/90.yaml': `#cloud-config\nenv: ${env}\n`, ...files },
  });
  await proxiesStep.run(host);
  return host;
}

describe('proxies', () => {
  test('have both cases of their names; other variables are none', () => {
    expect(proxiesOf([], [`HTTPS_PROXY=${PROXY}`, 'no_proxy=localhost', 'PATH=/x', 'nonsense'])).toEqual({
      HTTPS_PROXY: PROXY,
      https_proxy: PROXY,
      no_proxy: 'localhost',
      NO_PROXY: 'localhost',
    });
  });

  test('of the kernel command line count unless the configuration has others', () => {
    expect(proxiesOf(['quiet', 'proxy=http://boot:1'], ['HTTPS_PROXY=http://other:2'])).toMatchObject({
      HTTP_PROXY: 'http://boot:1',
      http_proxy: 'http://boot:1',
      https_proxy: 'http://other:2',
    });
  });

  test('are in the environment of services, of logins and of the agent', async () => {
    await using host = await booted(`["HTTPS_PROXY=${PROXY}/%20", "NO_PROXY=10.0.0.0/8"]`);
    expect(await host.readText(UNITS)).toContain(`"HTTPS_PROXY=${PROXY}/%%20"`);
    expect(await host.readText(SHELLS)).toContain(`export https_proxy='${PROXY}/%20'\n`);
    expect((await host.stat(SHELLS))?.mode).toBe(0o644);
    expect(await host.readText('/etc/rc.conf.d/kairos-proxies.conf')).toContain(
      "export NO_PROXY='10.0.0.0/8'\n",
    );
    await useProxies(host);
    expect(host.env).toMatchObject({ https_proxy: `${PROXY}/%20`, NO_PROXY: '10.0.0.0/8' });
  });

  test('with a password are for root only, and not in the log', async () => {
    await using host = await booted('["HTTPS_PROXY=http://me:hush@proxy.example:3128"]');
    for (const file of [UNITS, SHELLS, '/run/cos/proxies.env'])
      expect((await host.stat(file))?.mode).toBe(0o600);
    expect(host.logged.join('\n')).toMatch(/HTTPS_PROXY/);
    expect(host.logged.join('\n')).not.toContain('hush');
  });

  test('of the environment of a command win', async () => {
    await using host = await booted(`["HTTPS_PROXY=${PROXY}"]`, { env: { http_proxy: 'http://mine:1' } });
    await useProxies(host);
    expect(host.env).toEqual({ http_proxy: 'http://mine:1' });
  });

  test('are none without a configuration', async () => {
    await using host = await booted('["A=b"]');
    expect(await host.stat(UNITS)).toBeUndefined();
    await useProxies(host);
    expect(host.env).toEqual({});
  });
});
