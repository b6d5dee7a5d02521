import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { expect, test } from 'vitest';
import type { OpenLayer } from '../../../../../src/common/oci/layers/layer-stream.ts';
import { readLayersRoot } from '../../../../../src/factory/inspect/root/read-layers.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

type Entries = Readonly<
  Record<string, string | { readonly link?: string; readonly hard?: string; readonly directory?: true }>
>;

/** A layer with these files, in this order. */
function layer(entries: Entries): () => Promise<OpenLayer> {
  return async () => {
    const archive = pack();
    for (const [name, content] of Object.entries(entries)) {
      if (typeof content === 'string') archive.entry({ name }, content);
      else if (content.directory) archive.entry({ name, type: 'directory' });
      else if (content.link) archive.entry({ name, type: 'symlink', linkname: content.link });
      else archive.entry({ name, type: 'link', linkname: content.hard ?? '' });
    }
    archive.finalize();
    return {
      tar: Readable.from(archive),
      isCompressed: false,
      check: () => undefined,
      close: () => undefined,
    };
  };
}

const ALL = { keeps: () => true };
const read = (...layers: Entries[]) =>
  readLayersRoot(layers.map(layer), ALL, {
    scratch: temporaryDirectory(),
    signal: new AbortController().signal,
  });

test('upper layers replace, remove and hide the files of lower ones', async () => {
  const { files, directory } = await read(
    { 'etc/a': 'old', 'etc/b': 'gone', 'opt/x/deep': '1', 'opt/y': '2', 'was/dir': '3', keep: 'k' },
    // The order within a layer does not matter.
    { 'etc/.wh.b': '', 'opt/z': 'new', 'opt/.wh..wh..opq': '', 'etc/a': 'newer', was: 'a file now' },
  );
  expect(files.map(({ path, size }) => [path, size]).sort()).toEqual([
    ['etc/a', 5],
    ['keep', 1],
    ['opt/z', 3],
    ['was', 10],
  ]);
  expect(await readFile(join(directory, 'etc/a'), 'utf8')).toBe('newer');
  await expect(readFile(join(directory, 'etc/b'))).rejects.toThrow('ENOENT');
});

test('a hard link counts once, and a link leads to where it is merged', async () => {
  const { files, directory } = await read(
    {
      usr: { directory: true },
      'usr/lib': { directory: true },
      lib: { link: 'usr/lib' },
      'usr/lib/one': 'four',
    },
    { 'lib/two': 'sixsix', 'usr/lib/three': { hard: 'usr/lib/one' } },
  );
  expect(files.filter(({ kind }) => kind === 'file').map(({ path, size }) => [path, size])).toEqual([
    ['usr/lib/one', 4],
    ['usr/lib/two', 6],
    ['usr/lib/three', 0],
  ]);
  expect(await readlink(join(directory, 'lib'))).toBe('usr/lib');
});

test('a member that leads out of the root is refused', async () => {
  await expect(read({ '../outside': 'x' })).rejects.toMatchObject({ code: 'ENTRY_REFUSED' });
  await expect(read({ up: { link: '../../..' }, 'up/x': 'x' })).rejects.toMatchObject({
    code: 'ENTRY_REFUSED',
  });
});
