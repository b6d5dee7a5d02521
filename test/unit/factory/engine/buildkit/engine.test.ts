import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { openLocalImage } from '../../../../../src/common/oci/layers/local-image.ts';
import { NO_BUILDERS } from '../../../../../src/factory/config/buildkit.ts';
import { createBuildkitEngine } from '../../../../../src/factory/engine/buildkit.ts';
import { writeOciLayout } from '../../../../../src/factory/inputs/base/oci-layout.ts';
import { createRunner, type Runner } from '../../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../../support/failure.ts';
import { tarBytes } from '../../../support/tar-bytes.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/*
 * The program buildctl is played by a function, so these tests cover what the engine keeps on this machine, and what it asks for.
 * test/integration/buildkit.test.ts runs the real one with real daemons.
 */

const BASE = 'localhost/kairos-factory/base:1';
const rootOf = (name: string) => tarBytes([{ name: 'etc/os-release', content: `ID=${name}\n` }]);

function setUp() {
  const home = temporaryDirectory();
  const [store, work] = [join(home, 'store'), join(home, 'work')];
  mkdirSync(store);
  mkdirSync(work);
  const calls: (readonly string[])[] = [];
  const real = createRunner({ signal: new AbortController().signal, log: () => undefined, env: process.env });
  let failure: string | undefined;
  const workers = [
    { platforms: [{ os: 'linux', architecture: 'amd64' }], buildkitVersion: { version: 'v0.34.2' } },
  ];
  const runner: Runner = {
    locate: async (tool) => (tool.name === 'buildctl' ? 'buildctl' : real.locate(tool)),
    run: async (tool, args, options) => {
      if (tool.name !== 'buildctl') return real.run(tool, args, options);
      calls.push(args);
      if (args.includes('debug')) return { stdout: JSON.stringify(workers), stderr: '', exitCode: 0 };
      options?.onLine?.('{"vertexes":[{"digest":"a","name":"[1/1] RUN x","started":"now"}]}');
      if (failure !== undefined) {
        options?.onLine?.(`error: failed to solve: ${failure}`);
        throw new FactoryError('TOOL_FAILED', 'buildctl failed with status 1');
      }
      const output = /dest=([^"]+)"/.exec(args.at(-1) ?? '')?.[1] ?? '';
      await writeOciLayout(output, { arch: 'amd64', epoch: 0, tag: 'latest' }, async (to) => {
        to.end(rootOf('built'));
      });
      return { stdout: '', stderr: '', exitCode: 0 };
    },
  };
  const settings = { ...NO_BUILDERS, builders: [{ address: 'tcp://a:1' }] };
  const engine = () =>
    createBuildkitEngine({ settings, runner, cleanup: real, store, work, env: {}, log: () => undefined });
  const layout = async (name: string, arch = 'amd64') => {
    const path = join(home, `layout-${name}`);
    mkdirSync(path);
    await writeOciLayout(path, { arch, epoch: 0, tag: 'base' }, async (to) => {
      to.end(rootOf(name));
    });
    return { kind: 'oci', path, tag: 'base' } as const;
  };
  const archive = async () => {
    const path = join(home, 'saved.tar');
    const layer = rootOf('saved');
    const { createHash } = await import('node:crypto');
    const diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
    const config = JSON.stringify({ os: 'linux', rootfs: { type: 'layers', diff_ids: [diffId] } });
    const manifest = JSON.stringify([{ Config: 'c.json', RepoTags: null, Layers: ['l/layer.tar'] }]);
    const members = [
      { name: 'l/layer.tar', content: layer },
      { name: 'c.json', content: config },
      { name: 'manifest.json', content: manifest },
    ];
    await writeFile(path, tarBytes(members));
    return { kind: 'docker-archive', path } as const;
  };
  return {
    ...{ engine, store, work, calls, layout, archive },
    fail: (said: string) => {
      failure = said;
    },
  };
}

const context = (text: string) => Readable.from([tarBytes([{ name: 'Containerfile', content: text }])]);
const build = { onStep: () => undefined, useCache: true };
const release = (root: string) => readFile(join(root, 'etc/os-release'), 'utf8');

describe('images', () => {
  test('are layouts of the store, from a layout and from an archive', async () => {
    const { engine, store, work, layout, archive } = setUp();
    const one = engine();
    expect(await one.has(BASE)).toBe(false);
    await one.load(await layout('first'), BASE);
    await one.load(await archive(), 'localhost/other:1');
    // In a later run, too.
    const later = engine();
    expect(await later.has(BASE)).toBe(true);
    {
      await using open = await later.open(BASE);
      expect(await release(open.root)).toBe('ID=first\n');
      await using other = await later.open('localhost/other:1');
      expect(await release(other.root)).toBe('ID=saved\n');
    }
    // The same name can get other content.
    await later.load(await layout('second'), BASE);
    await using open = await later.open(BASE);
    expect(await release(open.root)).toBe('ID=second\n');
    expect(readdirSync(join(store, 'layouts'))).toHaveLength(2);
    await open[Symbol.asyncDispose]();
    expect(readdirSync(work)).toEqual([]);
  });

  test('with damaged layers are refused', async () => {
    const { engine, work, layout, archive } = setUp();
    const file = await layout('first');
    const { layers } = await openLocalImage(file.path, {
      platform: { os: 'linux', architecture: 'amd64' },
      unpacked: '',
    });
    const blob = layers[0]?.file ?? '';
    await writeFile(blob, Buffer.from(readFileSync(blob)).fill('x', 600, 610));
    expect((await failureOf(() => engine().load(file, BASE), 'verification')).code).toBe('DIGEST_MISMATCH');
    const saved = await archive();
    await writeFile(saved.path, Buffer.from(readFileSync(saved.path)).fill('x', 512 + 600, 512 + 610));
    expect((await failureOf(() => engine().load(saved, BASE), 'verification')).code).toBe('DIGEST_MISMATCH');
    expect(await engine().has(BASE)).toBe(false);
    expect(readdirSync(work)).toEqual([]);
  });

  test('that only a run needs are not in the store', async () => {
    const { engine, store, work, layout } = setUp();
    const one = engine();
    {
      await using _ = await one.transient('localhost/taken:1');
      await one.load(await layout('first'), 'localhost/taken:1');
      expect(await one.has('localhost/taken:1')).toBe(true);
    }
    expect(await one.has('localhost/taken:1')).toBe(false);
    expect(readdirSync(store)).toEqual([]);
    expect(readdirSync(join(work, 'layouts'))).toEqual([]);
  });

  test('that are not there are reported', async () => {
    const { engine, work } = setUp();
    expect((await failureOf(() => engine().open('localhost/none:1'), 'step')).message).toContain(
      'has no image',
    );
    expect(readdirSync(work)).toEqual([]);
  });
});

describe('a build', () => {
  test('gets the images that its Containerfile names, for its architecture, and keeps a base', async () => {
    const { engine, store, work, calls, layout } = setUp();
    const one = engine();
    expect(await one.describe()).toEqual({ 'buildkit tcp://a:1': 'v0.34.2' });
    await one.load(await layout('first', 'arm64'), BASE);
    await one.load(await layout('bundle'), 'localhost/kairos-factory/bundle:1');
    await one.load(await layout('unused'), 'localhost/kairos-factory/unused:1');
    const steps: string[] = [];
    const text = `FROM ${BASE} AS x\nCOPY --from=localhost/kairos-factory/bundle:1 / /\nRUN x\n`;
    const onStep = (step: string) => void steps.push(step);
    await one.build(context(text), 'localhost/built:1', { ...build, onStep, isBase: true });
    expect(steps).toEqual(['RUN x']);
    const args = calls.at(-1) ?? [];
    expect(args.slice(0, 3)).toEqual(['--addr', 'tcp://a:1', 'build']);
    const used = args.filter((arg) => arg.startsWith('context:'));
    expect(used).toEqual([
      expect.stringMatching(
        /^context:localhost\/kairos-factory\/base:1=oci-layout:\/\/image0@sha256:[0-9a-f]{64}$/,
      ),
      expect.stringMatching(/^context:localhost\/kairos-factory\/bundle:1=oci-layout:\/\/image1@sha256:/),
    ]);
    // The manifest says what the build is for, not what the base says of itself.
    const digest = used[0]?.split('@sha256:')[1] ?? '';
    const place = join(store, 'layouts', encodeURIComponent(BASE), 'blobs/sha256');
    const { config } = JSON.parse(readFileSync(join(place, digest), 'utf8')) as {
      config: { digest: string };
    };
    const image = JSON.parse(readFileSync(join(place, config.digest.slice(7)), 'utf8')) as object;
    expect(image).toMatchObject({ os: 'linux', architecture: 'amd64' });
    expect(image).not.toHaveProperty('variant');
    expect(args).toContain('platform=linux/amd64');
    expect(args).not.toContain('--no-cache');
    expect(await engine().has('localhost/built:1')).toBe(true);
    expect(readdirSync(work)).toEqual([]);
  });

  test('stays in the directory of the run otherwise, until its tree is committed', async () => {
    const { engine, store, calls } = setUp();
    const one = engine();
    await one.build(context('FROM scratch\n'), 'localhost/built:1', {
      ...build,
      useCache: false,
      offline: true,
    });
    expect(calls.at(-1)).toEqual(expect.arrayContaining(['--no-cache', 'force-network-mode=none']));
    expect(await engine().has('localhost/built:1')).toBe(false);
    {
      await using open = await one.open('localhost/built:1');
      expect(await release(open.root)).toBe('ID=built\n');
      await open.commit('localhost/os:1');
    }
    expect(readdirSync(store)).toEqual(['trees']);
    const later = engine();
    expect(await later.has('localhost/os:1')).toBe(true);
    await using open = await later.open('localhost/os:1');
    expect(await release(open.root)).toBe('ID=built\n');
  });

  test('uses the caches of its target', async () => {
    const { engine, calls } = setUp();
    const one = engine();
    const caches = { 'cache-to': ['type=registry,ref=a'], 'cache-from': ['type=registry,ref=b'] };
    await one.build(context('FROM scratch\n'), 'localhost/built:1', { ...build, caches });
    expect(calls.at(-1)?.join(' ')).toContain(
      '--export-cache type=registry,ref=a --import-cache type=registry,ref=b',
    );
    await one.build(context('FROM scratch\n'), 'localhost/built:1', build);
    expect(calls.at(-1)?.join(' ')).not.toContain('cache type');
  });

  test('that runs programs needs a daemon for them; one that copies files needs any', async () => {
    const { engine, calls } = setUp();
    const one = engine();
    await one.requireArch?.('amd64');
    expect((await failureOf(() => one.requireArch?.('arm64'), 'tool')).code).toBe('BUILDER_MISSING');
    const foreign = { ...build, arch: 'arm64' };
    const running = () => one.build(context('FROM scratch\nrun true\n'), 'localhost/built:1', foreign);
    expect((await failureOf(running, 'tool')).code).toBe('BUILDER_MISSING');
    await one.build(context('FROM scratch\nCOPY . /\n'), 'localhost/built:1', foreign);
    expect(calls.at(-1)).toContain('platform=linux/arm64');
  });

  test('that fails leaves nothing', async () => {
    const { engine, work, fail } = setUp();
    fail('failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF');
    const one = engine();
    const error = await failureOf(
      () => one.build(context('FROM scratch\n'), 'localhost/built:1', build),
      'step',
    );
    expect(error.message).toContain('was lost');
    expect(await one.has('localhost/built:1')).toBe(false);
    expect(readdirSync(work)).toEqual([]);
  });
});
