import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { measureTree, stampTree } from '../../src/common/files/walk-tree.ts';
import { applyLayers } from '../../src/common/oci/layers/apply-layers.ts';
import { openLocalImage } from '../../src/common/oci/layers/local-image.ts';
import { makeSlotImage } from '../../src/factory/artifacts/slot-image.ts';
import { createBuildahEngine } from '../../src/factory/engine/buildah.ts';
import { layerHost } from '../../src/factory/engine/docker/unpack-saved.ts';
import { importBase } from '../../src/factory/inputs/base/import-base.ts';
import { writeOciLayout } from '../../src/factory/inputs/base/oci-layout.ts';
import { readTree, type Tree, type TreeFile } from '../../src/factory/inspect/diff/tree.ts';
import { mksquashfs } from '../../src/factory/tools/mksquashfs.ts';
import { createRunner } from '../../src/factory/tools/runner.ts';
import { packDirectory } from '../../src/factory/tools/tar.ts';
import { unsquashfs } from '../../src/factory/tools/unsquashfs.ts';
import { tool } from '../support/tool.ts';

const EPOCH = 1_700_000_000;
const PLATFORM = { os: 'linux', architecture: 'amd64' };
let home: string;
let root: string;
let original: Tree;
const runner = createRunner({
  log: () => undefined,
  env: process.env,
  signal: new AbortController().signal,
});

type Change = (
  path: string,
  file: TreeFile,
) => { readonly [Key in keyof TreeFile]?: TreeFile[Key] | undefined };

/** The files that differ, each as a line; `change` makes alike what a format cannot hold. */
function differences(found: Tree, change: Change = () => ({})): string[] {
  const lines = (tree: Tree) =>
    [...tree].map(
      ([path, file]) => `${JSON.stringify(path)} ${JSON.stringify({ ...file, ...change(path, file) })}`,
    );
  const [before, after] = [new Set(lines(original)), new Set(lines(found))];
  return [
    ...[...before].filter((line) => !after.has(line)).map((line) => `- ${line}`),
    ...[...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`),
  ];
}

/**
 * buildah sets times before 1970 to 1970, and drops attributes without a value; the root directory is its own, and gets mode
 * and time when it is opened.
 */
const inEngine: Change = (path, { modified, attributes }) => ({
  ...(modified.startsWith('-') ? { modified: '0' } : {}),
  attributes: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== '')),
  ...(path === '.' ? { mode: 0, modified: '0' } : {}),
});

async function scratch(name: string): Promise<string> {
  const directory = await mkdtemp(join(home, `${name}-`));
  return directory;
}

describe.skipIf(process.getuid?.() !== 0)('a tree with every kind of file (needs root)', () => {
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'kairos-round-trip-'));
    root = join(home, 'root');
    await mkdir(root);
    await tool('python3', join(import.meta.dirname, 'support/every-kind-tree.py'), root);
    original = await readTree(runner, root);
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('is read with everything in it', () => {
    expect(original.get('srv/x_\udce9')?.sha256).not.toBe(original.get('srv/x_\udcff')?.sha256);
    expect(original.get('srv/owned')).toMatchObject({
      uid: 3_000_000,
      gid: 4_000_000_000,
      modified: '-86400',
    });
    expect(original.get('srv/owned')?.attributes['user.bytes']).toHaveLength(512);
    expect(original.get('usr/bin/newuidmap')?.attributes['security.capability']).toMatch(/^0100000280/);
    expect(original.get('usr/bin/nice')?.attributes['security.capability']).toMatch(/^0100000300008000/);
    expect(original.get('var')?.attributes).toHaveProperty(['system.posix_acl_default']);
    expect(original.get('srv/line\nbreak')?.kind).toBe('file');
    expect(original.get(`srv/${'n'.repeat(255)}`)?.kind).toBe('file');
    expect(original.size).toBeGreaterThan(40);
  });

  const attributes = ['--xattrs', '--xattrs-include=*', '--acls'];
  test.each<[string, (base: string) => Promise<{ kind: 'dir' | 'tar'; path: string }>]>([
    ['a directory', async () => ({ kind: 'dir', path: root })],
    [
      'a tar',
      async (base) => {
        await tool('tar', '-C', root, '--format=posix', ...attributes, '-cf', join(base, 'root.tar'), '.');
        return { kind: 'tar', path: join(base, 'root.tar') };
      },
    ],
    [
      'a sparse tar',
      async (base) => {
        await tool(
          'tar',
          '-C',
          root,
          '--format=posix',
          '-S',
          ...attributes,
          '-cf',
          join(base, 'root.tar'),
          '.',
        );
        return { kind: 'tar', path: join(base, 'root.tar') };
      },
    ],
  ])('as a base from %s is unchanged in the engine', async (_, make) => {
    const directory = await scratch('base');
    const engine = createBuildahEngine({
      runner,
      cleanup: runner,
      store: join(directory, 'store'),
      work: directory,
    });
    const never = async () => {
      throw new Error('a base from a file needs no registry and no daemon');
    };
    const images = { pin: never, fetch: never, pins: () => [] };
    const notices: string[] = [];
    const context = {
      runner,
      engine,
      images,
      daemon: never,
      scratch: directory,
      arch: 'amd64',
      notice: (text: string) => void notices.push(text),
      say: () => undefined,
    };
    try {
      await importBase(await make(directory), 'localhost/test/base:1', context);
      await using open = await engine.open('localhost/test/base:1');
      expect(differences(await readTree(runner, open.root), inEngine)).toEqual([]);
      expect(notices).toEqual([]);
      expect(measureTree(open.root)).toMatchObject({ inodes: measureTree(root).inodes });
    } finally {
      await engine.sweep();
    }
  });

  test('as an image layout is unchanged when a node or the factory unpacks it', async () => {
    const directory = await scratch('layout');
    const layout = join(directory, 'layout');
    await mkdir(layout);
    await writeOciLayout(layout, { arch: 'amd64', epoch: EPOCH, tag: 'os' }, (output) =>
      packDirectory(runner, root, output),
    );
    const { layers } = await openLocalImage(layout, {
      platform: PLATFORM,
      unpacked: join(directory, 'plain'),
    });
    const target = join(directory, 'target');
    await mkdir(target);
    await applyLayers(layerHost(runner), layers, { target });
    expect(differences(await readTree(runner, target))).toEqual([]);
  });

  /** Sealing changes late times. Hard links to symbolic links become links of their own, which makes no difference. */
  const inArtifact: Change = (path, { kind, modified, linkOf }) => {
    const seconds = Math.floor(Number(modified));
    return {
      modified: path === '.' || seconds >= EPOCH ? 'epoch' : String(seconds),
      linkOf: kind === 'symlink' ? undefined : linkOf,
    };
  };

  /** A copy of the tree whose times are not later than the epoch, as every sealed root. */
  async function sealed(directory: string): Promise<string> {
    const copy = join(directory, 'sealed');
    await tool('cp', '-a', root, copy);
    stampTree(copy, EPOCH, ({ stats }) => stats.mtimeMs > BigInt(EPOCH) * 1000n);
    return copy;
  }

  test('as a squashfs is unchanged, except for what squashfs cannot hold', async () => {
    const directory = await scratch('squashfs');
    const output = join(directory, 'root.squashfs');
    await mksquashfs(runner, await sealed(directory), { output, level: 1, epoch: EPOCH });
    await unsquashfs(runner, output, join(directory, 'root'));
    const change: Change = (path, file) => ({
      ...inArtifact(path, file),
      // It has no name space for ACLs, and numbers without a sign for times.
      attributes: Object.fromEntries(
        Object.entries(file.attributes).filter(([key]) => !key.startsWith('system.')),
      ),
      modified: file.modified.startsWith('-') ? 'epoch' : (inArtifact(path, file).modified ?? ''),
    });
    expect(differences(await readTree(runner, join(directory, 'root')), change)).toEqual([]);
  });

  test('as the image of a slot is unchanged, except for what ext2 cannot hold', async (context) => {
    const directory = await scratch('slot');
    const output = join(directory, 'active.img');
    const source = await sealed(directory);
    const options = {
      output,
      tree: measureTree(source),
      label: 'COS_ACTIVE',
      identity: 'test',
      epoch: EPOCH,
    };
    await makeSlotImage(runner, source, options);
    const target = join(directory, 'root');
    await mkdir(target);
    try {
      await tool('mount', '-o', 'loop,ro', output, target);
    } catch {
      context.skip('this sandbox mounts no images');
    }
    try {
      const found = new Map([...(await readTree(runner, target))].filter(([path]) => path !== 'lost+found'));
      expect(differences(found, inArtifact)).toEqual([]);
    } finally {
      await tool('umount', target);
    }
  });
});
