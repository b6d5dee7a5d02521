import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { applyEnvironment } from '../../../../src/agent/config/environment.ts';
import { runInstall } from '../../../../src/agent/deploy/install.ts';
import { runUpgrade } from '../../../../src/agent/deploy/upgrade.ts';
import { PROJECT } from '../../../support/factory.ts';
import { slotNode } from '../support/slot-node.ts';
import { testHost } from '../support/test-host.ts';

const out = () => undefined;
const CONFIG = {
  env: ['A=1', 'HTTP_PROXY=http://one'],
  install: { env: ['HTTP_PROXY=http://u:secret@two'] },
};

describe('env and install.env', () => {
  test.each([
    ['install', { A: '1', HTTP_PROXY: 'http://u:secret@two' }],
    ['upgrade', { A: '1', HTTP_PROXY: 'http://one' }],
    ['reset', { A: '1', HTTP_PROXY: 'http://one' }],
  ] as const)('apply to %s', async (operation, expected) => {
    await using host = await testHost();
    applyEnvironment(host, CONFIG, operation);
    expect(host.env).toEqual(expected);
    expect(host.logged).toEqual(['info the configuration sets A, HTTP_PROXY']);
  });

  test('an entry without a value causes a warning, which does not show what it holds', async () => {
    await using host = await testHost();
    applyEnvironment(host, { env: ['A', 'B C=secret', 'D='] }, 'upgrade');
    expect(host.env).toEqual({ D: '' });
    expect(host.logged.join()).toContain('warn env: "A" is not');
    expect(host.logged.join()).not.toContain('secret');
  });

  test('are set before the source is asked for', async () => {
    for (const run of [
      (host: Awaited<ReturnType<typeof testHost>>) =>
        runUpgrade({ host, out }, { config: { env: ['X=1'] }, source: 'oci:r.test/os:1' }),
      (host: Awaited<ReturnType<typeof testHost>>) => {
        const config = { install: { nousers: true, env: ['X=1'] } };
        return runInstall({ host, out }, { config, configText: '', source: 'oci:r.test/os:1' });
      },
    ]) {
      const { host } = await slotNode();
      await using _ = host;
      await expect(run(host)).rejects.toThrow('r.test');
      expect(host.env).toEqual({ X: '1' });
    }
  });
});

test('a proxy that is set while the agent runs is used by its runtime, and reaches the programs it runs', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('answer');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const program = `
    import { systemHost } from ${JSON.stringify(join(PROJECT, 'src/common/host/system-host.ts'))};
    const host = systemHost(() => undefined);
    host.setEnvironment({ HTTP_PROXY: ${JSON.stringify(url)}, http_proxy: ${JSON.stringify(url)} });
    console.log(await (await host.fetch('http://registry.invalid/v2/')).text());
    console.log((await host.run('sh', ['-c', 'echo $HTTP_PROXY'])).stdout.trim());
  `;
  const bun = join(PROJECT, 'node_modules/.bin/bun');
  const { stdout } = await execa(bun, ['-e', program], { cwd: PROJECT, extendEnv: true });
  proxy.close();
  expect(stdout.split('\n')).toEqual(['answer', url]);
  expect(asked).toEqual(['http://registry.invalid/v2/']);
});
