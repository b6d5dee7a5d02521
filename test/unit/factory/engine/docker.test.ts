import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import type { DockerDaemon } from '../../../../src/factory/engine/docker/daemon.ts';
import { createDockerEngine } from '../../../../src/factory/engine/docker.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { sha256 } from '../../common/oci/layers/support/test-image.ts';
import { type TestMember, tarBytes } from '../../support/tar-bytes.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/*
 * With a fake daemon in memory, these tests cover what the engine keeps on this machine, and what it remembers when a daemon
 * is gone. test/integration/docker.test.ts runs a real one.
 */

/** An archive as `docker save` of version 20.10 writes it. */
function savedImage(layers: readonly (readonly TestMember[])[]): Buffer {
  const tars = layers.map((members) => tarBytes(members));
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
  });
  const names = tars.map((_, index) => `${index}/layer.tar`);
  const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: null, Layers: names }]);
  return tarBytes([
    ...tars.map((content, index) => ({ name: names[index] ?? '', content })),
    { name: 'c.json', content: config },
    { name: 'manifest.json', content: manifest },
  ]);
}

const IMAGE = savedImage([
  [
    { name: 'etc/os-release', content: 'ID=debian\n' },
    { name: 'etc/hostname', content: 'of the image\n' },
    { name: 'gone', content: 'x' },
  ],
  [{ name: '.wh.gone' }, { name: 'new', content: 'y' }],
]);

function setUp() {
  const home = temporaryDirectory();
  const [store, work] = [join(home, 'store'), join(home, 'work')];
  mkdirSync(work);
  const calls: string[] = [];
  let alive = true;
  let archive = IMAGE;
  const remove = async (kind: string, name: string) => {
    if (!alive) throw new Error('no daemon');
    calls.push(`${kind} ${name}`);
  };
  const daemon: DockerDaemon = {
    address: 'unix:///played',
    id: 'played',
    version: '20.10',
    imageId: async (name) => (name === 'base' ? 'sha256:base' : undefined),
    save: async (image, file) => {
      calls.push(`save ${image}`);
      await writeFile(file, archive);
    },
    load: async (stream: Readable) => void (await text(stream)),
    build: async (context, _options, { onContainer }) => {
      await text(context);
      onContainer?.({ id: 'aaaaaaaaaaaa', running: true });
      if (!alive) throw new Error('broke off');
      onContainer?.({ id: 'aaaaaaaaaaaa', running: false });
      return 'sha256:built';
    },
    tag: async () => undefined,
    removeImage: (name) => remove('image', name),
    removeContainer: (name) => remove('container', name),
  };
  const runner = createRunner({
    signal: new AbortController().signal,
    log: () => undefined,
    env: process.env,
  });
  const engine = () => createDockerEngine({ daemon, runner, store, work, log: () => undefined });
  return {
    ...{ engine, work, calls },
    kill: () => {
      alive = false;
    },
    revive: () => {
      alive = true;
    },
    corrupt: () => {
      archive = Buffer.from(IMAGE);
      archive[1024] = 0;
    },
  };
}

async function* context() {
  yield Buffer.from('context');
}
const build = { onStep: () => undefined, useCache: true };

test('an image is fetched once: a committed image is a local tree, also in a later run', async () => {
  const { engine, work, calls } = setUp();
  const first = engine();
  expect(await first.has('os')).toBe(false);
  {
    await using open = await first.open('base');
    expect(await readFile(join(open.root, 'etc/hostname'), 'utf8')).toBe('of the image\n');
    expect(readdirSync(open.root).sort()).toEqual(['etc', 'new']);
    await writeFile(join(open.root, 'new'), 'sealed');
    expect(await first.has('os')).toBe(false);
    await open.commit('os');
  }
  const second = engine();
  expect(await second.has('os')).toBe(true);
  {
    await using one = await second.open('os');
    await using other = await second.open('os');
    expect(other.root).toBe(one.root);
    expect(await readFile(join(one.root, 'new'), 'utf8')).toBe('sealed');
  }
  await using again = await second.open('os');
  expect(existsSync(again.root)).toBe(true);
  expect(calls).toEqual(['save sha256:base']);
  expect(readdirSync(work)).toEqual([]);
});

test('an uncommitted or corrupt tree is removed', async () => {
  const { engine, work, corrupt } = setUp();
  await (await engine().open('base'))[Symbol.asyncDispose]();
  expect(readdirSync(work)).toEqual([]);
  corrupt();
  await expect(engine().open('base')).rejects.toThrow();
  expect(readdirSync(work)).toEqual([]);
});

test('a build has no name in the daemon', async () => {
  const { engine, calls } = setUp();
  const one = engine();
  await one.build(Readable.from(context()), 'built', build);
  expect([await one.has('built'), await engine().has('built')]).toEqual([true, false]);
  await one.sweep();
  expect(calls).toEqual([]);
});

test('a later run removes the leftovers in a daemon that died', async () => {
  const { engine, calls, kill, revive } = setUp();
  const one = engine();
  const taken = await one.transient('taken');
  kill();
  await expect(one.build(Readable.from(context()), 'built', build)).rejects.toThrow('broke off');
  await taken[Symbol.asyncDispose]();
  expect(calls).toEqual([]);
  revive();
  await engine().sweep();
  expect(calls.sort()).toEqual(['container aaaaaaaaaaaa', 'image taken']);
  await engine().sweep();
  expect(calls).toHaveLength(2);
});
