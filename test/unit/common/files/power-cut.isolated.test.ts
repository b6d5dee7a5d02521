import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { putInPlace, writeInPlace } from '../../../../src/common/files/output-file.ts';
import { makeDirectory } from '../../../../src/common/files/sync-path.ts';
import { systemHost } from '../../../../src/common/host/system-host.ts';
import { releaseFolder } from '../../../../src/factory/deliver/release/write-folder.ts';
import { createCache } from '../../../../src/factory/pipeline/cache.ts';
import { openOutput } from '../../../../src/factory/pipeline/workspace.ts';
import { type Change, type Loss, modelDisk } from '../../support/model-disk.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const changes = vi.hoisted((): Change[] => []);
vi.mock('node:fs/promises', async (original) => {
  const { recordedFiles } = await import('../../support/recorded-files.ts');
  return recordedFiles(await original(), (change) => void changes.push(change));
});

/** Names of files that are not finished. */
const UNFINISHED = /\.partial|\.[0-9a-f]{12}$|\.old(\/|$)|^source(\/|$)|\.lock$/;
const host = (home: string) => systemHost(() => undefined, home);
const signal = new AbortController().signal;

/** What a writer leaves, by the paths of the files. */
interface Case {
  readonly before?: Readonly<Record<string, string>>;
  readonly write: (home: string) => Promise<unknown>;
  readonly after: Readonly<Record<string, string>>;
  /** Files that the writer may have removed before it writes the new ones. */
  readonly canLack?: boolean;
}

const CASES: Readonly<Record<string, Case>> = {
  'a new file': {
    write: (home) => writeInPlace(join(home, 'a'), 'new', { partial: join(home, '.partial-a') }),
    after: { a: 'new' },
  },
  'a file that is replaced': {
    before: { a: 'old' },
    write: (home) => writeInPlace(join(home, 'a'), 'new', { partial: join(home, '.partial-a'), epoch: 1 }),
    after: { a: 'new' },
  },
  'a tree that replaces another': {
    before: {
      'a.oci/index.json': 'old',
      'a.oci/blobs/b': 'old',
      '.partial-a/index.json': 'new',
      '.partial-a/blobs/c': 'new',
    },
    write: (home) => putInPlace(join(home, '.partial-a'), join(home, 'a.oci')),
    after: { 'a.oci/index.json': 'new', 'a.oci/blobs/c': 'new' },
    canLack: true,
  },
  'a file in new directories': {
    write: async (home) => {
      await makeDirectory(join(home, 'b/c/d'));
      await writeInPlace(join(home, 'b/c/d/a'), 'new', { partial: join(home, 'b/c/d/.partial-a') });
    },
    after: { 'b/c/d/a': 'new' },
  },
  'an output in a new directory': {
    write: async (home) => {
      const output = await openOutput(join(home, 'out/target'));
      await writeInPlace(join(output.path, 'a.iso'), 'new', { partial: output.partial('a.iso') });
      await output.close();
    },
    after: { 'out/target/a.iso': 'new' },
  },
  'a file of the agent': {
    before: { 'etc/hostname': 'old' },
    write: async (home) => {
      await host(home).write('/etc/hostname', 'new');
      await host(home).write('/oem/new/90_custom.yaml', 'new');
    },
    after: { 'etc/hostname': 'new', 'oem/new/90_custom.yaml': 'new' },
  },
  'a slot that the agent renames': {
    before: { 'cOS/active.img': 'old', 'cOS/transition.img.partial': 'new' },
    write: async (home) => {
      await host(home).rename('/cOS/active.img', '/cOS/passive.img');
      await host(home).rename('/cOS/transition.img.partial', '/cOS/active.img');
    },
    after: { 'cOS/active.img': 'new', 'cOS/passive.img': 'old' },
    canLack: true,
  },
  'a link of the agent': {
    write: (home) => host(home).link('target', '/etc/systemd/a.link'),
    after: { 'etc/systemd/a.link': 'link' },
  },
  'a result in the cache': {
    before: { 'source/objects/root.squashfs': 'new' },
    write: async (home) => {
      const objects = join(home, 'source/objects');
      const files = { squashfs: join(objects, 'root.squashfs') };
      const step = { id: 'squashfs', facts: z.object({}) };
      await createCache(home).store(step, { key: 'key', objects, result: { digest: 'd', facts: {}, files } });
    },
    after: {
      'squashfs/key/root.squashfs': 'new',
      'squashfs/key/result.json': expect.stringMatching(/^\{.*\}$/),
    },
  },
  'a file of a release': {
    before: { 'source/os.iso': 'new', 'release/index.html': 'old' },
    write: async (home) => {
      const output = await openOutput(join(home, 'release'));
      const folder = releaseFolder(output, 1, signal);
      await folder.place({ file: 'one/os.iso', source: join(home, 'source/os.iso'), size: 3, sha256: 'x' });
      await folder.write('index.html', 'new');
      await output.close();
    },
    after: { 'release/one/os.iso': 'new', 'release/index.html': 'new' },
  },
};

test.each(Object.entries(CASES))('%s is whole after a power cut at any moment', async (_, example) => {
  const { before = {}, write, after, canLack = false } = example;
  const home = plant(temporaryDirectory(), before);
  changes.length = 0;
  await write(home);
  const made = [...changes];
  const expected = Object.fromEntries(Object.entries(after));
  for (const loss of ['names and content', 'content'] satisfies Loss[]) {
    for (let cut = 0; cut <= made.length; cut += 1) {
      const disk = diskWith(home, before);
      for (const change of made.slice(0, cut)) disk.apply(change);
      const left = [...disk.afterCut(loss)].filter(([path]) => !UNFINISHED.test(path));
      const where = `${loss} lost after ${JSON.stringify(made[cut - 1])}`;
      if (cut === made.length) expect(Object.fromEntries(left), where).toEqual(expected);
      for (const [path, content] of left) {
        const allowed = [before[path], ...Object.values(before), after[path]].filter(
          (one) => one !== undefined,
        );
        expect(allowed, `${path}: ${where}`).toContainEqual(content);
      }
      if (!canLack)
        expect(
          left.map(([path]) => path),
          where,
        ).toEqual(expect.arrayContaining(keptFiles(before)));
    }
  }
});

const keptFiles = (before: Readonly<Record<string, string>>) =>
  Object.keys(before).filter((path) => !UNFINISHED.test(path));

/** A disk with files that were synced long ago. */
function diskWith(home: string, files: Readonly<Record<string, string>>) {
  const disk = modelDisk(home);
  const directories = new Set(['']);
  for (const path of Object.keys(files)) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) directories.add(parts.slice(0, depth).join('/'));
  }
  for (const path of directories) if (path !== '') disk.apply({ kind: 'directory', path: join(home, path) });
  for (const [path, content] of Object.entries(files)) {
    disk.apply({ kind: 'content', path: join(home, path), content });
    disk.apply({ kind: 'sync', path: join(home, path) });
  }
  for (const path of directories) disk.apply({ kind: 'sync', path: join(home, path) });
  return disk;
}
