import { expect, test } from 'vitest';
import { usersPlugin } from '../../../../../src/agent/stages/plugins/users.ts';
import { testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

const FILES = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
  '/etc/shadow': 'root:*:20000:0:99999:7:::\n',
  '/etc/group': 'root:x:0:\nshadow:x:42:\n',
  '/etc/gshadow': 'root:*::\nshadow:*::\n',
  '/etc/skel/.profile': 'umask 022\n',
  '/etc/skel/.config/app/x': 'x',
  '/bin/bash': '',
};
const RECORD = '/usr/local/.kairos/users.json';

test('an account is created without external programs', async () => {
  await using host = await testHost({ files: FILES });
  await host.chmod('/etc/shadow', 0o640);
  await usersPlugin.run(pluginContext(host), {
    kairos: { passwd: 'kairos', groups: ['admin'], ssh_authorized_keys: ['ssh-ed25519 AAAA'] },
  });
  expect(host.commands()).toEqual([]);
  expect(await host.readText('/etc/passwd')).toBe(
    `${FILES['/etc/passwd']}kairos:x:1000:1000::/home/kairos:/bin/bash\n`,
  );
  expect(await host.readText('/etc/shadow')).toMatch(/^root:.*\nkairos:\$6\$[^:]{16}\$[^:]{86}:::::::\n$/);
  expect((await host.stat('/etc/shadow'))?.mode).toBe(0o640);
  expect((await host.stat('/etc/passwd'))?.mode).toBe(0o644);
  expect(await host.readText('/etc/group')).toContain('admin:x:900:kairos\n');
  expect(JSON.parse((await host.readText(RECORD)) ?? '')).toEqual({
    uids: { kairos: 1000 },
    gids: { admin: 900, kairos: 1000 },
  });
  expect(await host.readText('/home/kairos/.ssh/authorized_keys')).toBe('ssh-ed25519 AAAA\n');
});

test('a home comes from the skeleton, and belongs to its user', async () => {
  await using host = await testHost({ files: FILES });
  await host.link('.profile', '/etc/skel/.login');
  await usersPlugin.run(pluginContext(host), { bob: {} });
  expect(await host.list('/home')).toEqual(['bob']);
  expect(await host.list('/home/bob')).toEqual(['.config', '.login', '.profile']);
  expect(await host.readLink('/home/bob/.login')).toBe('.profile');
  expect(await host.readText('/home/bob/.config/app/x')).toBe('x');
  expect((await host.stat('/home/bob'))?.mode).toBe(0o700);
  const owned = host.owners.filter((line) => line.startsWith('/home'));
  expect(owned).toHaveLength(6);
  expect(owned.every((line) => line.endsWith(' 1000:1000'))).toBe(true);
  // The home comes last, so that an incomplete one does not look complete.
  expect(owned.at(-1)).toBe('/home/.bob.unfinished 1000:1000');
});

test('login.defs can set the mode', async () => {
  await using host = await testHost({
    files: { ...FILES, '/etc/login.defs': '#HOME_MODE 0711\nHOME_MODE\t0750\n' },
  });
  await usersPlugin.run(pluginContext(host), { bob: {} });
  expect((await host.stat('/home/bob'))?.mode).toBe(0o750);
});

test('an existing home is left alone, file by file', async () => {
  await using host = await testHost({ files: { ...FILES, '/home/bob/work': 'mine' } });
  await usersPlugin.run(pluginContext(host), { bob: { uid: 4321 } });
  expect(host.owners.filter((line) => line.startsWith('/home'))).toEqual([]);
  expect(await host.list('/home/bob')).toEqual(['work']);
  expect(host.logged.join('\n')).toContain('chown -R 4321 /home/bob');
});

test('homes are created only on request', async () => {
  await using host = await testHost({ files: FILES });
  await usersPlugin.run(pluginContext(host), {
    a: { no_create_home: true },
    b: { system: true },
    c: { system: true, homedir: '/var/lib/c' },
  });
  expect(await host.stat('/home')).toBeUndefined();
  expect((await host.stat('/var/lib/c'))?.kind).toBe('directory');
});

test('a second run writes nothing, even with passwords in the clear', async () => {
  await using host = await testHost({ files: FILES });
  const users = {
    bob: { passwd: 'secret', groups: 'admin,docker' },
    ann: { system: true, passwd: '$6$a$b' },
  };
  await usersPlugin.run(pluginContext(host), users);
  const paths = ['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/gshadow', RECORD];
  const read = () => Promise.all(paths.map((path) => host.readText(path)));
  const before = await read();
  const written = host.owners.filter((line) => line.startsWith('/etc')).length;
  await usersPlugin.run(pluginContext(host), users);
  expect(await read()).toEqual(before);
  expect(host.owners.filter((line) => line.startsWith('/etc'))).toHaveLength(written);
});

test('ids survive a boot that resets /etc when an account is added', async () => {
  await using host = await testHost({ files: FILES });
  await usersPlugin.run(pluginContext(host), { m: { no_create_home: true } });
  for (const [path, text] of Object.entries(FILES)) await host.write(path, text);
  await usersPlugin.run(pluginContext(host), { a: { no_create_home: true }, m: { no_create_home: true } });
  expect(await host.readText('/etc/passwd')).toContain('\nm:x:1000:');
  expect(await host.readText('/etc/passwd')).toContain('\na:x:1001:');
});

test.each([
  ['kairos', ['kairos', 'kairos3'], ['kairos', 'kairos2', 'kairos3']],
  ['kairos', ['kairos', 'kairos3'], ['kairos3', 'kairos2', 'kairos']],
  ['kairos3', ['kairos3', 'kairos'], ['kairos3']],
])(
  '%s keeps its id when a boot resets /etc and the list changes from %j to %j',
  async (name, first, second) => {
    await using host = await testHost({ files: FILES });
    const boot = async (names: readonly string[]) => {
      for (const [path, text] of Object.entries(FILES)) await host.write(path, text);
      await usersPlugin.run(pluginContext(host), Object.fromEntries(names.map((user) => [user, {}])));
      const rows = ((await host.readText('/etc/passwd')) ?? '').split('\n').map((row) => row.split(':'));
      return Object.fromEntries(rows.map(([user, , uid]) => [user, uid]));
    };
    const before = await boot(first);
    const after = await boot(second);
    for (const user of second.filter((other) => first.includes(other)))
      expect(after[user]).toBe(before[user]);
    expect(new Set(Object.values(after)).size).toBe(Object.values(after).length);
    expect((await boot(first))[name]).toBe(before[name]);
  },
);

test('the home of a system account that exists stays as it is, or absent', async () => {
  const accounts = [
    'sshd:x:102:65534::/run/sshd:/usr/sbin/nologin',
    'games:x:5:60:games:/usr/games:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
  ];
  await using host = await testHost({
    files: { ...FILES, '/etc/passwd': `${FILES['/etc/passwd']}${accounts.join('\n')}\n` },
  });
  await host.makeDirectory('/run/sshd', 0o755);
  const names = ['root', 'sshd', 'games', 'nobody'];
  await usersPlugin.run(
    pluginContext(host),
    Object.fromEntries(names.map((name) => [name, { passwd: '*' }])),
  );
  expect((await host.stat('/run/sshd'))?.mode).toBe(0o755);
  expect(host.owners.filter((line) => !line.startsWith('/etc'))).toEqual([]);
  expect(await host.list('/')).not.toContain('nonexistent');
  expect(await host.stat('/usr/games')).toBeUndefined();
  expect(await host.readText('/etc/passwd')).toContain(accounts.join('\n'));
});

test('a read-only /usr/local and a corrupt record are ignored', async () => {
  await using host = await testHost({ files: { ...FILES, '/usr/local/.kairos': 'a file' } });
  await usersPlugin.run(pluginContext(host), { bob: {} });
  expect(await host.readText('/etc/passwd')).toContain('bob:x:1000:1000::/home/bob:/bin/bash');
  await using other = await testHost({ files: { ...FILES, [RECORD]: '{"uids": "?' } });
  await usersPlugin.run(pluginContext(other), { bob: {} });
  expect(await other.readText('/etc/passwd')).toContain('bob:x:1000:1000::');
});

test('without bash and shadow the account has sh and a private shadow', async () => {
  await using host = await testHost({
    files: { '/etc/passwd': FILES['/etc/passwd'], '/etc/group': 'root:x:0:\n' },
  });
  await usersPlugin.run(pluginContext(host), { bob: {} });
  expect(await host.readText('/etc/passwd')).toContain('bob:x:1000:1000::/home/bob:/bin/sh');
  expect((await host.stat('/etc/shadow'))?.mode).toBe(0o640);
  expect(host.owners).toContain('/etc/shadow 0:0');
  expect(await host.stat('/etc/gshadow')).toBeUndefined();
});

test('an invalid account does not stop the others', async () => {
  await using host = await testHost({ files: FILES });
  const run = usersPlugin.run(pluginContext(host), {
    'a:b': {},
    evil: { uid: 0 },
    bob: { ssh_authorized_keys: ['github:bob'] },
    cyd: {},
  });
  await expect(run).rejects.toMatchObject({
    kind: 'step',
    message: expect.stringMatching(/a:b.*cannot be created.*evil cannot have the uid 0.*SSH keys of bob/s),
  });
  expect(await host.readText('/etc/passwd')).toMatch(/^root.*\nbob.*\ncyd.*\n$/);
  expect(await host.list('/home')).toEqual(['bob', 'cyd']);
});
