import { chmodSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type ContextEntry,
  directoryEntries,
  packContext,
} from '../../../../../src/factory/image/context/context-tar.ts';
import { failureOf } from '../../../support/failure.ts';
import { readTar } from '../../../support/tar.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../../support/temporary.ts';

describe('directoryEntries', () => {
  test('lists types, sizes, and modes without write permission for others', () => {
    const root = plant(temporaryDirectory(), {
      'd/file': 'four',
      'd/empty': DIRECTORY,
      link: { link: '/any/where' },
    });
    chmodSync(join(root, 'd/file'), 0o6777);
    chmodSync(join(root, 'd'), 0o777);
    expect(directoryEntries(root, 'framework')).toEqual([
      { type: 'directory', path: 'framework' },
      { type: 'directory', path: 'framework/d' },
      { type: 'directory', path: 'framework/d/empty' },
      { type: 'file', path: 'framework/d/file', source: join(root, 'd/file'), mode: 0o6755, size: 4 },
      { type: 'symlink', path: 'framework/link', target: '/any/where' },
    ]);
  });

  test('refuses sockets and reports the path', async () => {
    const root = temporaryDirectory();
    const socket = join(root, 'socket');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => void server.close());
    const error = await failureOf(() => directoryEntries(root, 'overlay'));
    expect([error.kind, error.message]).toEqual(['usage', `${socket} is not a file, directory or link`]);
  });
});

describe('packContext', () => {
  test('makes a tar whose entries all belong to root', async () => {
    const large = Buffer.alloc(300_000, 'abc');
    const root = plant(temporaryDirectory(), { large, empty: '' });
    const file = (path: string, name: string, size: number): ContextEntry => ({
      type: 'file',
      path,
      source: join(root, name),
      mode: 0o640,
      size,
    });
    const long = `${'directory/'.repeat(20)}file`;
    const entries: ContextEntry[] = [
      { type: 'text', path: 'Containerfile', text: 'FROM é\n', mode: 0o644 },
      { type: 'text', path: 'nothing', text: '', mode: 0o600 },
      { type: 'directory', path: 'overlay' },
      file('overlay/large', 'large', large.length),
      file('overlay/empty', 'empty', 0),
      { type: 'symlink', path: 'overlay/link', target: '../../etc' },
      { type: 'text', path: long, text: 'x', mode: 0o755 },
    ];
    const read = await readTar(packContext(entries));
    expect(
      read.map(({ header: { name, type, mode, uid, gid, linkname } }) => [
        name,
        type,
        mode,
        uid,
        gid,
        linkname,
      ]),
    ).toEqual([
      ['Containerfile', 'file', 0o644, 0, 0, null],
      ['nothing', 'file', 0o600, 0, 0, null],
      ['overlay', 'directory', 0o755, 0, 0, null],
      ['overlay/large', 'file', 0o640, 0, 0, null],
      ['overlay/empty', 'file', 0o640, 0, 0, null],
      ['overlay/link', 'symlink', 0o777, 0, 0, '../../etc'],
      [long, 'file', 0o755, 0, 0, null],
    ]);
    expect(read.map(({ content }) => content.length)).toEqual([8, 0, 0, large.length, 0, 0, 1]);
    expect(read[0]?.content.toString()).toBe('FROM é\n');
    expect(read[3]?.content.equals(large)).toBe(true);
  });

  test('fails when a file has disappeared', async () => {
    const root = plant(temporaryDirectory(), { file: 'x' });
    const entries = directoryEntries(root, 'overlay');
    rmSync(join(root, 'file'));
    await expect(readTar(packContext(entries))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
