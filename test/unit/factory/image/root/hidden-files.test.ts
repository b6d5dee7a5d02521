import { expect, test } from 'vitest';
import { hiddenFiles } from '../../../../../src/factory/image/root/hidden-files.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../../support/temporary.ts';

test.each<[string, Parameters<typeof plant>[1], RegExp | undefined]>([
  [
    'a program below the persistent partition',
    { 'usr/local/bin/hello': 'x' },
    /: \/usr\/local\/bin\/hello; put/,
  ],
  ['a file of OEM', { 'oem/90_custom.yaml': 'x' }, /: \/oem\/90_custom\.yaml; put .* \/system\/oem/],
  [
    'many files',
    Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`usr/local/lib/${name}`, 'x'])),
    /: \/usr\/local\/lib\/a, \/usr\/local\/lib\/b, \/usr\/local\/lib\/c, 2 more;/,
  ],
  [
    'directories and links alone, as distributions have them',
    { 'usr/local/bin': DIRECTORY, 'usr/local/man': { link: 'share/man' }, oem: DIRECTORY },
    undefined,
  ],
  ['files that are copied into the persistent directories', { 'opt/x': 'x', 'var/log/y': 'y' }, undefined],
  ['a directory that is a link', { 'usr/local': { link: '../opt' }, 'opt/x': 'x' }, undefined],
  ['nothing', { etc: DIRECTORY }, undefined],
])('%s', async (_, files, expected) => {
  const notice = await hiddenFiles(plant(temporaryDirectory(), files));
  if (expected === undefined) expect(notice).toBeUndefined();
  else expect(notice).toMatch(expected);
});
