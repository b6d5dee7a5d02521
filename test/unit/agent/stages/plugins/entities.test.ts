import { expect, test } from 'vitest';
import { deleteEntitiesPlugin } from '../../../../../src/agent/stages/plugins/delete-entities.ts';
import { ensureEntitiesPlugin } from '../../../../../src/agent/stages/plugins/ensure-entities.ts';
import { type TestHost, testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

const FILES = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nsys:x:999:999::/:/bin/false\n',
  '/etc/group': 'root:x:0:\nshadow:x:42:\n',
  '/etc/gshadow': 'root:*::\n',
};

const ensure = (host: TestHost, entity: string, path?: string) =>
  ensureEntitiesPlugin.run(pluginContext(host), [{ entity, ...(path === undefined ? {} : { path }) }]);

test('each kind becomes a row of its file', async () => {
  await using host = await testHost({ files: FILES });
  await ensure(
    host,
    'kind: user\nusername: foo\npassword: pass\nuid: 5\ngid: 6\ninfo: "Foo!"\nhomedir: /home/foo\nshell: /bin/bash\n',
  );
  await ensure(
    host,
    'kind: shadow\nusername: foo\npassword: bar\nlast_changed: 1\nminimum_changed: 2\nmaximum_changed: 3\nwarn: 4\ninactive: 5\nexpire: 6\n',
  );
  await ensure(host, 'kind: group\ngroup_name: sddm\npassword: xx\ngid: 1\nusers: "one, two"\n');
  await ensure(
    host,
    'kind: gshadow\nname: postmaster\npassword: foo\nadministrators: barred\nmembers: [baz, qux]\n',
  );
  expect(await host.readText('/etc/passwd')).toBe(
    `${FILES['/etc/passwd']}foo:pass:5:6:Foo!:/home/foo:/bin/bash\n`,
  );
  expect(await host.readText('/etc/shadow')).toBe('foo:bar:1:2:3:4:5:6:\n');
  expect(await host.readText('/etc/group')).toBe(`${FILES['/etc/group']}sddm:xx:1:one,two\n`);
  expect(await host.readText('/etc/gshadow')).toBe(`${FILES['/etc/gshadow']}postmaster:foo:barred:baz,qux\n`);
  // A new file with passwords belongs to root and the group shadow.
  expect((await host.stat('/etc/shadow'))?.mode).toBe(0o640);
  expect(host.owners).toContain('/etc/shadow 0:42');
});

test('a row is replaced, and the file keeps its mode', async () => {
  await using host = await testHost({ files: { '/etc/shadow': 'a:1:::::::\nb:2:::::::\n' } });
  await host.chmod('/etc/shadow', 0o600);
  await ensure(host, 'kind: shadow\nusername: a\npassword: "*"\nlast_changed: now\n');
  // The clock of a test host.
  const today = Math.floor(Date.parse('2026-01-02T03:04:05Z') / 86_400_000);
  expect(await host.readText('/etc/shadow')).toBe(`a:*:${today}::::::\nb:2:::::::\n`);
  expect((await host.stat('/etc/shadow'))?.mode).toBe(0o600);
});

test('absent ids are kept or chosen from free ones; groups are resolved by name', async () => {
  await using host = await testHost({ files: FILES });
  await ensure(host, 'kind: user\nusername: new\nuid: -1\ngroup: shadow\n');
  await ensure(host, 'kind: user\nusername: sys\nshell: /bin/sh\n');
  expect(await host.readText('/etc/passwd')).toBe(
    'root:x:0:0:root:/root:/bin/sh\nsys:x:999:999:::/bin/sh\nnew:x:998:42:::\n',
  );
});

test('another path may be given, and may be new', async () => {
  await using host = await testHost();
  await ensure(host, 'kind: group\ngroup_name: g\ngid: 7\n', '/tmp/group');
  expect(await host.readText('/tmp/group')).toBe('g:x:7:\n');
});

test.each([
  ['kind: robot\nname: x\n', 'is not valid'],
  ['kind: user\n', 'is not valid'],
  [': :\n  - [', 'is not valid'],
  ['kind: user\nusername: "a:b"\n', 'has an empty name, or a value with'],
  ['kind: user\nusername: a\nshell: "/bin/sh\\nroot2::0:0::/:"\n', 'has an empty name, or a value with'],
  ['kind: user\nusername: ""\n', 'has an empty name, or a value with'],
  ['kind: user\nusername: a\ngroup: nobodys\n', 'The group nobodys does not exist'],
])('%j is refused', async (entity, message) => {
  await using host = await testHost({ files: FILES });
  await expect(ensure(host, entity)).rejects.toThrow(message);
  expect(await host.readText('/etc/passwd')).toBe(FILES['/etc/passwd']);
});

test('rows are deleted by kind and name; missing rows and files are ignored', async () => {
  await using host = await testHost({ files: FILES });
  await deleteEntitiesPlugin.run(pluginContext(host), [
    { entity: 'kind: user\nusername: sys\n' },
    { entity: 'kind: user\nusername: nobody\n' },
    { entity: 'kind: shadow\nusername: sys\n' },
    { entity: 'kind: group\ngroup_name: shadow\n' },
  ]);
  expect(await host.readText('/etc/passwd')).toBe('root:x:0:0:root:/root:/bin/sh\n');
  expect(await host.readText('/etc/group')).toBe('root:x:0:\n');
  expect(await host.stat('/etc/shadow')).toBeUndefined();
});
