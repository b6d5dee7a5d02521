import { expect, test } from 'vitest';
import { gitPlugin } from '../../../../../src/agent/stages/plugins/git.ts';
import { type TestHost, testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

/** Everything that other users of the machine can read. */
function visible(host: TestHost): string {
  return [...host.commands(), ...host.logged].join('\n');
}

function settingsOf(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const count = Number(env['GIT_CONFIG_COUNT']);
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      env[`GIT_CONFIG_KEY_${index}`],
      env[`GIT_CONFIG_VALUE_${index}`],
    ]),
  );
}

test('a branch is fetched and checked out over existing content', async () => {
  await using host = await testHost();
  await gitPlugin.run(pluginContext(host), {
    url: 'https://example.org/r.git',
    path: '/opt/r',
    branch: 'dev',
    branch_only: true,
  });
  expect(host.commands()).toEqual([
    'git init --quiet -- /opt/r',
    'git -C /opt/r config remote.origin.url https://example.org/r.git',
    'git -C /opt/r config remote.origin.fetch +refs/heads/dev:refs/remotes/origin/dev',
    'git -C /opt/r fetch --quiet --prune --no-tags origin',
    'git -C /opt/r fetch --quiet --no-tags origin refs/heads/dev',
    'git -C /opt/r checkout --quiet --force -B dev FETCH_HEAD',
  ]);
  expect(host.calls[0]?.options.env).toMatchObject({ GIT_TERMINAL_PROMPT: '0' });
  expect(settingsOf(host.calls[0]?.options.env)).toEqual({
    'safe.directory': '/opt/r',
    'protocol.http.allow': 'never',
  });
});

test('without a branch the default one of the server is used', async () => {
  await using host = await testHost();
  await gitPlugin.run(pluginContext(host), { url: '/srv/r.git', path: '/opt/r' });
  expect(host.commands().slice(2)).toEqual([
    'git -C /opt/r config remote.origin.fetch +refs/heads/*:refs/remotes/origin/*',
    'git -C /opt/r fetch --quiet --prune origin',
    'git -C /opt/r fetch --quiet --no-tags origin HEAD',
    'git -C /opt/r checkout --quiet --force --detach FETCH_HEAD',
  ]);
});

test.each([
  ['https://example.org:8443/r.git', { username: 'bob', password: 's3cret!' }],
  ['https://bob:s3cret%21@example.org:8443/r.git', undefined],
])('a password reaches git by the environment, for that server only (%s)', async (url, auth) => {
  await using host = await testHost();
  await gitPlugin.run(pluginContext(host), { url, path: '/opt/r', ...(auth ? { auth } : {}) });
  const { env } = host.calls[3]?.options ?? {};
  expect(env).toMatchObject({ AGENT_GIT_USERNAME: 'bob', AGENT_GIT_PASSWORD: 's3cret!' });
  expect(Object.keys(settingsOf(env))).toEqual([
    'safe.directory',
    'protocol.http.allow',
    'credential.helper',
    'credential.https://example.org:8443.helper',
  ]);
  expect(visible(host)).not.toContain('s3cret');
  expect(JSON.stringify(settingsOf(env))).not.toContain('s3cret');
});

test('a key is in a private file while git runs', async () => {
  const seen: unknown[] = [];
  await using host = await testHost({
    run: async ({ options }) => {
      const command = options.env?.['GIT_SSH_COMMAND'] ?? '';
      const file = (name: string) => new RegExp(`${name}=(/tmp/\\S+)`).exec(command)?.[1] ?? '/missing';
      const [key, hosts] = [file('IdentityFile'), file('UserKnownHostsFile')];
      seen.push([
        (await host.stat(key))?.mode,
        await host.readText(key),
        await host.readText(hosts),
        command,
      ]);
      return undefined;
    },
  });
  await gitPlugin.run(pluginContext(host), {
    url: 'git@example.org:r.git',
    path: '/opt/r',
    auth: { private_key: 'PRIVATE', public_key: 'ssh-ed25519 AAAA' },
  });
  const strict = expect.stringContaining('StrictHostKeyChecking=yes');
  expect(seen[0]).toEqual([0o600, 'PRIVATE\n', '* ssh-ed25519 AAAA\n', strict]);
  expect(await host.list('/tmp')).toEqual([]);
  expect(visible(host)).not.toContain('PRIVATE');
});

test('insecure accepts any certificate and any host key', async () => {
  await using host = await testHost();
  const auth = { insecure: true };
  await gitPlugin.run(pluginContext(host), { url: 'https://example.org/r', path: '/a', auth });
  await gitPlugin.run(pluginContext(host), { url: 'ssh://git@example.org/r', path: '/a', auth });
  expect(host.calls[0]?.options.env).toMatchObject({ GIT_SSL_NO_VERIFY: 'true' });
  expect(host.calls.at(-1)?.options.env?.['GIT_SSH_COMMAND']).toContain('StrictHostKeyChecking=no');
});

test('failures have a remedy, and leave no key behind', async () => {
  await using host = await testHost({ run: () => ({ status: 128, stderr: 'fatal: no such branch' }) });
  const auth = { private_key: 'PRIVATE' };
  const run = gitPlugin.run(pluginContext(host), { url: 'ssh://h/r', path: '/opt/r', auth });
  await expect(run).rejects.toMatchObject({
    message: expect.stringContaining('/opt/r cannot be updated from ssh://h/r'),
    remedy: expect.any(String),
    details: ['fatal: no such branch'],
  });
  expect(await host.list('/tmp')).toEqual([]);
});

test('without git the error names the package', async () => {
  await using host = await testHost({ missing: ['git'] });
  const run = gitPlugin.run(pluginContext(host), { url: 'https://h/r', path: '/opt/r' });
  await expect(run).rejects.toMatchObject({ kind: 'tool', remedy: 'Add the package git to the image.' });
});
