import { expect, test } from 'vitest';
import { directoriesPlugin } from '../../../../../src/agent/stages/plugins/directories.ts';
import { testHost } from '../../support/test-host.ts';
import { pluginContext } from './plugin-context.ts';

const FILES = { '/etc/passwd': 'bob:x:1000:1001::/:/bin/sh\n', '/etc/group': 'adm:x:4:\n' };

test('a directory gets the mode and owner of the step, its parents do not', async () => {
  await using host = await testHost({ files: FILES });
  await directoriesPlugin.run(pluginContext(host), [
    { path: '/srv/a/b', permissions: '0700', owner: 7, group: 8 },
    { path: '/srv/c', owner_string: 'bob' },
    { path: '/srv/d', owner_string: 'bob:adm' },
    { path: '/srv/e', owner_string: '12:34' },
    { path: '/srv/f', owner_string: ':adm' },
  ]);
  expect((await host.stat('/srv/a'))?.mode).toBe(0o755);
  expect((await host.stat('/srv/a/b'))?.mode).toBe(0o700);
  expect((await host.stat('/srv/c'))?.mode).toBe(0o755);
  expect(host.owners).toEqual([
    '/srv/a/b 7:8',
    '/srv/c 1000:1001',
    '/srv/d 1000:4',
    '/srv/e 12:34',
    '/srv/f -1:4',
  ]);
});

test('an existing directory keeps what the step does not set', async () => {
  await using host = await testHost();
  await host.makeDirectory('/srv/a', 0o711);
  await directoriesPlugin.run(pluginContext(host), [{ path: '/srv/a' }]);
  expect((await host.stat('/srv/a'))?.mode).toBe(0o711);
  expect(host.owners).toEqual([]);
  await directoriesPlugin.run(pluginContext(host), [{ path: '/srv/a', permissions: 0o1777 }]);
  expect((await host.stat('/srv/a'))?.mode).toBe(0o1777);
});

test('an existing file and an unknown owner are errors; the directory belongs to root then', async () => {
  await using host = await testHost({ files: { ...FILES, '/srv/a': '' } });
  const run = (value: Parameters<typeof directoriesPlugin.run>[1]) =>
    directoriesPlugin.run(pluginContext(host), value);
  await expect(run([{ path: '/srv/a' }])).rejects.toThrow('/srv/a exists and is not a directory');
  await expect(run([{ path: '/srv/b', owner_string: 'eve' }])).rejects.toThrow('The user eve does not exist');
  await expect(run([{ path: '/srv/b', owner_string: 'bob:x' }])).rejects.toThrow(
    'The group x does not exist',
  );
  expect(host.owners).toEqual(['/srv/b 0:0', '/srv/b 0:0']);
  await expect(run([{ path: '/srv/a' }, { path: '/srv/c' }])).rejects.toThrow('/srv/a exists');
  expect((await host.stat('/srv/c'))?.kind).toBe('directory');
});
