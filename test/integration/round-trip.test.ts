import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { measureTree, stampTree } from '../../src/common/files/walk-tree.ts';
import { ARTIFACT_KINDS, type ArtifactKind } from '../../src/factory/config/artifact-kinds.ts';
import { createBuildahEngine } from '../../src/factory/engine/buildah.ts';
import { importBase } from '../../src/factory/inputs/base/import-base.ts';
import { readTree, type Tree, type TreeFile } from '../../src/factory/inspect/diff/tree.ts';
import { createRunner } from '../../src/factory/tools/runner.ts';
import { CAN_CUT } from '../support/cut-disk.ts';
import { tool } from '../support/tool.ts';
import { makeArtifact, readRoots } from './support/artifact-roots.ts';

const EPOCH = 1_700_000_000;
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
      // GNU tar packs a hard link to a pipe as a pipe of its own.
      expect(measureTree(open.root)).toMatchObject({ inodes: measureTree(root).inodes + 1 });
    } finally {
      await engine.sweep();
    }
  });

  /** A copy of the tree whose times are between 1970 and the epoch, as in every sealed root. */
  async function sealed(directory: string): Promise<string> {
    const copy = join(directory, 'sealed');
    await tool('cp', '-a', root, copy);
    const clamped = (seconds: number) => (seconds > EPOCH ? EPOCH : seconds < 0 ? 0 : undefined);
    stampTree(copy, ({ stats }) => clamped(Number(stats.mtimeMs) / 1000));
    return copy;
  }

  /** Sealing changes late times, those before 1970, and that of the root. */
  const inSealed: Change = (path, { modified }) => ({
    modified: path === '.' || Number(modified) >= EPOCH ? 'epoch' : modified.replace(/^-.*/, '0'),
  });
  const inSlot: Change = (_, { kind, modified, linkOf }) => ({
    modified: String(Math.floor(Number(modified))),
    linkOf: kind === 'symlink' ? undefined : linkOf,
  });
  const inSquashfs: Change = (path, file) => ({
    ...inSlot(path, file),
    attributes: Object.fromEntries(
      Object.entries(file.attributes).filter(([key]) => !key.startsWith('system.')),
    ),
  });
  /** Makes alike what a kind cannot hold; docs/artifacts.md has the same table for people. */
  const CANNOT_HOLD: Readonly<Record<ArtifactKind, Change>> = {
    oci: () => ({}),
    squashfs: inSquashfs,
    iso: inSquashfs,
    raw: inSlot,
    qcow2: inSlot,
    vhd: inSlot,
    gce: inSlot,
    vmdk: inSlot,
    ova: inSlot,
    netboot: () => ({}),
  };

  // The files for booting over the network hold no root: that is the squashfs.
  test.for(ARTIFACT_KINDS.filter((kind) => kind !== 'netboot'))(
    'as the artifact %s is unchanged, except for what that cannot hold',
    async (kind, context) => {
      const isDisk = CANNOT_HOLD[kind] === inSlot;
      if (isDisk && !CAN_CUT) context.skip('this sandbox mounts no images');
      const directory = await scratch(kind);
      const parts = { runner, directory, root: await sealed(directory), epoch: EPOCH };
      const artifact = await makeArtifact(kind, parts);
      let roots = 0;
      await readRoots(kind, artifact, parts, async (path) => {
        const found = new Map([...(await readTree(runner, path))].filter(([name]) => name !== 'lost+found'));
        const change: Change = (name, file) => {
          const modified = String(inSealed(name, file).modified);
          const lost = CANNOT_HOLD[kind](name, { ...file, modified });
          return modified === 'epoch' ? { ...lost, modified } : { modified, ...lost };
        };
        expect(differences(found, change)).toEqual([]);
        roots += 1;
      });
      expect(roots).toBe(isDisk ? 3 : 1);
    },
  );
});
