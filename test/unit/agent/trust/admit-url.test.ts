import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sysextCommand } from '../../../../src/agent/commands/sysext.ts';
import { collectConfig } from '../../../../src/agent/config/collect.ts';
import type { Host } from '../../../../src/common/host/host.ts';
import { signer } from '../../common/trust/support/signer.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

const CONTENT = '#cloud-config\nhostname: remote\n';
const DIGEST = createHash('sha256').update(CONTENT).digest('hex');
const POLICY = {
  '/etc/kairos/trust/policy.yaml': 'repositories: [{match: "r.test/**", keys: [a.pub]}]\n',
  '/etc/kairos/trust/a.pub': signer('a.pub').pem,
};

/** A node whose files belong to root, and that gets the same content from every URL. */
async function node(files: Readonly<Record<string, string>>): Promise<{ host: TestHost; asRoot: Host }> {
  const host = await testHost({ files, fetch: () => new Response(CONTENT) });
  const asRoot: Host = {
    ...host,
    stat: async (path, options) => {
      const found = await host.stat(path, options);
      return found && { ...found, uid: 0 };
    },
  };
  return { host, asRoot };
}

const CASES = [
  ['http://c.test/x', false, 'warn http://c.test/x is fetched over plain HTTP'],
  ['http://c.test/x', true, undefined],
  ['HTTP://c.test/x', true, undefined],
  ['https://c.test/x', true, ''],
  [`http://c.test/x#sha256=${DIGEST}`, true, ''],
  [`https://c.test/x#sha256=${DIGEST.toUpperCase()}`, false, ''],
  [`https://c.test/x#sha256=${'0'.repeat(64)}`, false, undefined],
  ['https://c.test/x#sha256=12', false, undefined],
] as const;

/** `line` is a line that must be logged; `undefined` means that the URL is refused. */
describe.each(CASES)('%s on a node with a policy: %s', (url, hasPolicy, line) => {
  const policy = hasPolicy ? POLICY : {};

  test('as config_url', async () => {
    const { host, asRoot } = await node({
      ...policy,
      '/oem/a.yaml': `#cloud-config\nconfig_url: "${url}"\n`,
    });
    await using _ = host;
    const { data, problems } = await collectConfig(asRoot);
    expect([data['hostname'], problems.length]).toEqual(line === undefined ? [undefined, 1] : ['remote', 0]);
    expect(host.logged.join('\n')).toContain(line ?? 'config_url');
  });

  test('as an extension', async () => {
    const { host, asRoot } = await node(policy);
    await using _ = host;
    const address = url.replace('/x', '/x.raw');
    const done = sysextCommand({ host: asRoot, out: () => undefined }).parseAsync(['install', address], {
      from: 'user',
    });
    if (line === undefined) await expect(done).rejects.toMatchObject({ code: expect.any(String) });
    else await done;
    expect(await host.list('/var/lib/kairos/extensions')).toEqual(line === undefined ? [] : ['x.raw']);
  });
});
