import { expect, test } from 'vitest';
import { authorizedKeysPlugin } from '../../../../../src/agent/stages/plugins/authorized-keys.ts';
import { type TestHostOptions, testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

const PASSWD = 'root:x:0:0::/root:/bin/sh\nbob:x:1000:1001::/home/bob:/bin/sh\n';
const KEYS = '/home/bob/.ssh/authorized_keys';
const [FIRST, SECOND, THIRD] = ['ssh-ed25519 AAAA one', 'ecdsa-sha2-nistp256 BBBB', 'ssh-rsa CCCC== three'];

function hostWith(fetch?: TestHostOptions['fetch'], files: Record<string, string> = {}) {
  return testHost({ files: { '/etc/passwd': PASSWD, ...files }, ...(fetch ? { fetch } : {}) });
}

test('literal keys are written to a file that only the owner can read', async () => {
  await using host = await hostWith();
  await authorizedKeysPlugin.run(pluginContext(host), { bob: [`${FIRST}\n`, FIRST, ` ${SECOND}`] });
  expect(await host.readText(KEYS)).toBe(`${FIRST}\n${SECOND}\n`);
  expect((await host.stat(KEYS))?.mode).toBe(0o600);
  expect((await host.stat('/home/bob/.ssh'))?.mode).toBe(0o700);
  expect(host.owners).toContain('/home/bob/.ssh 1000:1001');
  expect(host.owners).toContain(`${KEYS} 1000:1001`);
});

test('existing keys stay, and no key is added twice', async () => {
  await using host = await hostWith(undefined, { [KEYS]: `# mine\n${SECOND}` });
  await host.chmod('/home/bob/.ssh', 0o755);
  for (const _ of [1, 2]) await authorizedKeysPlugin.run(pluginContext(host), { bob: [SECOND, FIRST] });
  expect(await host.readText(KEYS)).toBe(`# mine\n${SECOND}\n${FIRST}\n`);
  expect((await host.stat('/home/bob/.ssh'))?.mode).toBe(0o700);
});

test('keys are fetched from services and URLs', async () => {
  const asked: string[] = [];
  await using host = await hostWith((url) => {
    asked.push(url);
    return new Response(`${FIRST}\n${url.includes('github') ? SECOND : THIRD}\n`);
  });
  const sources = ['github:bob', 'gitlab:b/ob', 'https://example.org/keys'];
  await authorizedKeysPlugin.run(pluginContext(host), { bob: sources });
  expect(asked).toEqual([
    'https://github.com/bob.keys',
    'https://gitlab.com/b%2Fob.keys',
    'https://example.org/keys',
  ]);
  expect(await host.readText(KEYS)).toBe(`${FIRST}\n${SECOND}\n${THIRD}\n`);
});

test('without a network literal keys are written, and fetching is tried three times', async () => {
  await using host = await hostWith();
  const run = authorizedKeysPlugin.run(pluginContext(host), { bob: ['github:bob', FIRST], root: [SECOND] });
  await expect(run).rejects.toThrow(/SSH keys of bob could not be added: https:\/\/github.com\/bob.keys/);
  expect(await host.readText(KEYS)).toBe(`${FIRST}\n`);
  expect(await host.readText('/root/.ssh/authorized_keys')).toBe(`${SECOND}\n`);
  expect(host.slept).toHaveLength(2);
});

test.each([
  ['<html><body>Log in first</body></html>', 'is not a list of SSH keys'],
  [`${FIRST}\n<p>`, 'is not a list of SSH keys'],
  ['x'.repeat(2 * 1024 * 1024), 'is larger than 1048576 bytes'],
])('a page instead of keys is refused', async (page, message) => {
  await using host = await hostWith(() => new Response(page));
  const run = authorizedKeysPlugin.run(pluginContext(host), { bob: ['github:bob'] });
  await expect(run).rejects.toThrow(message);
  expect(await host.stat(KEYS)).toBeUndefined();
});

test('an empty list of keys writes nothing and is accepted', async () => {
  await using host = await hostWith(() => new Response(''));
  await authorizedKeysPlugin.run(pluginContext(host), { bob: ['github:bob'] });
  expect(host.logged).toContain('warn https://github.com/bob.keys has no keys');
  expect(await host.stat(KEYS)).toBeUndefined();
});

test('an unknown user does not stop the keys of others', async () => {
  await using host = await hostWith();
  const run = authorizedKeysPlugin.run(pluginContext(host), { ann: [FIRST], bob: [FIRST] });
  await expect(run).rejects.toThrow('SSH keys are given for the user ann');
  expect(await host.readText(KEYS)).toBe(`${FIRST}\n`);
});

test('symbolic links of the user are not followed', async () => {
  await using host = await hostWith(undefined, { '/etc/shadow': 'root:$6$secret:::::::\n' });
  await host.makeDirectory('/home/bob/.ssh', 0o700);
  await host.link('/etc/shadow', KEYS);
  const run = () => authorizedKeysPlugin.run(pluginContext(host), { bob: [FIRST] });
  await expect(run()).rejects.toThrow('is not a file: keys are not written through it');
  await host.remove('/home/bob/.ssh');
  await host.link('/etc', '/home/bob/.ssh');
  await expect(run()).rejects.toThrow('is not a directory: keys are not written through it');
  expect(await host.list('/etc')).toEqual(['passwd', 'shadow']);
});
