import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONTENT } from '../../../../../src/factory/artifacts/extensions/content.ts';
import { placeExtensionRelease } from '../../../../../src/factory/artifacts/extensions/place-extension-release.ts';
import { selectContent } from '../../../../../src/factory/artifacts/extensions/select-content.ts';
import { failureOf } from '../../../support/failure.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../../support/temporary.ts';

test('keeps the hierarchies of its kind, counts removed files, and reports the newest file that stays', () => {
  const tree = plant(temporaryDirectory(), {
    'usr/bin/tool': 'x',
    'opt/y': 'x',
    'var/a': '',
    'var/b/c': '',
    'root.txt': '',
    'srv/empty': DIRECTORY,
  });
  utimesSync(join(tree, 'usr/bin/tool'), 1000, 1000);
  utimesSync(join(tree, 'opt/y'), 2000, 2000);
  const { files, leftOut, newest } = selectContent(tree, CONTENT.sysext, { isLayer: true });
  expect([files, newest]).toEqual([2, 2000]);
  expect([...leftOut].sort()).toEqual([
    ['/root.txt', 1],
    ['/var', 2],
  ]);
  expect(readdirSync(tree).sort()).toEqual(['opt', 'usr']);
});

test('refuses a directory with other files, lists them, and leaves it unchanged', async () => {
  const tree = plant(temporaryDirectory(), {
    'usr/bin/tool': 'x',
    'usr/lib/os-release': 'ID=x',
    'etc/x': '',
  });
  const failure = await failureOf(
    () => selectContent(tree, CONTENT.sysext, { isLayer: false }),
    'verification',
  );
  expect([...failure.details].sort()).toEqual(['/etc/x', '/usr/lib/os-release']);
  expect(readdirSync(tree).sort()).toEqual(['etc', 'usr']);
});

test('a confext from a directory may contain account files, a confext from a layer loses them', async () => {
  const tree = plant(temporaryDirectory(), { 'etc/passwd': 'x', 'etc/app.conf': '' });
  expect(selectContent(tree, CONTENT.confext, { isLayer: false }).files).toBe(2);
  expect(selectContent(tree, CONTENT.confext, { isLayer: true }).files).toBe(1);
  expect(readdirSync(join(tree, 'etc'))).toEqual(['app.conf']);
});

test('refuses a hierarchy that is a link, and one without files', async () => {
  const linked = plant(temporaryDirectory(), { usr: { link: '/etc' } });
  await failureOf(() => selectContent(linked, CONTENT.sysext, { isLayer: true }), 'verification');
  const empty = plant(temporaryDirectory(), { 'usr/bin': DIRECTORY });
  await failureOf(() => selectContent(empty, CONTENT.sysext, { isLayer: true }), 'usage');
});

test.each(['usr/lib', 'usr/lib/extension-release.d', 'usr/lib/extension-release.d/extension-release.x'])(
  'a release file is never written through the link %s',
  async (path) => {
    const outside = temporaryDirectory();
    const tree = plant(temporaryDirectory(), { 'usr/bin/tool': '', [path]: { link: outside } });
    await failureOf(
      () =>
        placeExtensionRelease(tree, {
          name: 'x',
          content: CONTENT.sysext,
          arch: 'amd64',
          target: { serviceReload: false },
        }),
      'verification',
    );
    expect(readdirSync(outside)).toEqual([]);
  },
);
