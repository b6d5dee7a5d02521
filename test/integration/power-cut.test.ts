import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putInPlace, writeInPlace } from '../../src/common/files/output-file.ts';
import { systemHost } from '../../src/common/host/system-host.ts';
import { createBuildahEngine } from '../../src/factory/engine/buildah.ts';
import { writeOciLayout } from '../../src/factory/inputs/base/oci-layout.ts';
import { openWorkspace } from '../../src/factory/pipeline/workspace.ts';
import { createRunner } from '../../src/factory/tools/runner.ts';
import { packDirectory } from '../../src/factory/tools/tar.ts';
import { CAN_CUT, type CutDisk, makeCutDisk } from '../support/cut-disk.ts';
import { PROJECT } from '../support/factory.ts';

const MEBIBYTE = 1024 * 1024;
const { signal } = new AbortController();
const runner = createRunner({ signal, log: () => undefined, env: process.env });

/** Another process with an open workspace. */
async function otherRun(root: string) {
  const module = JSON.stringify(join(PROJECT, 'src/factory/pipeline/workspace.ts'));
  const code = `const { openWorkspace } = await import(${module});
    const { store, work } = await openWorkspace(${JSON.stringify(root)});
    console.log(JSON.stringify({ store, work }));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await once(child.stdout, 'data');
  const kill = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { ...(JSON.parse(String(text)) as { store: string; work: string }), kill };
}

describe.runIf(CAN_CUT)('a power cut on ext4 (needs root and loop devices to mount it)', () => {
  let home: string;
  let disk: CutDisk;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'kairos-factory-cut-'));
    disk = await makeCutDisk(home, 512);
  });
  afterAll(async () => {
    await disk[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  test('loses what was not synced, so that this test can fail', async () => {
    await writeFile(join(disk.path, 'lost'), 'x'.repeat(MEBIBYTE));
    await disk.cut();
    const left = await readFile(join(disk.path, 'lost'), 'utf8').catch(() => '');
    expect(left).toBe('');
  });

  test('keeps finished files, trees, and what the agent writes', async () => {
    const tree = join(disk.path, 'out/.partial-tree');
    await mkdir(join(tree, 'blobs/sha256'), { recursive: true });
    await writeFile(join(tree, 'index.json'), '{}');
    await writeFile(join(tree, 'blobs/sha256/layer'), Buffer.alloc(8 * MEBIBYTE, 7));
    await putInPlace(tree, join(disk.path, 'out/os.oci'), 1);
    await writeInPlace(join(disk.path, 'out/SHA256SUMS'), 'sums', {
      partial: join(disk.path, 'out/.partial-s'),
    });
    await systemHost(() => undefined, disk.path).write('/oem/90_custom.yaml', 'config');
    await disk.cut();
    const read = (path: string) => readFile(join(disk.path, path));
    expect((await read('out/os.oci/blobs/sha256/layer')).equals(Buffer.alloc(8 * MEBIBYTE, 7))).toBe(true);
    const texts = await Promise.all(
      ['out/os.oci/index.json', 'out/SHA256SUMS', 'oem/90_custom.yaml'].map(read),
    );
    expect(texts.map(String)).toEqual(['{}', 'sums', 'config']);
  });

  test('keeps images that the engine has stored, and takes away the store of a run that it ended', async () => {
    const root = join(disk.path, 'cache');
    const run = await otherRun(root);
    const { store, work } = run;
    await mkdir(store, { recursive: true });
    const engine = createBuildahEngine({ runner, cleanup: runner, store, work });
    const layout = join(home, 'layout');
    const tree = join(home, 'tree');
    await mkdir(join(tree, 'etc'), { recursive: true });
    await writeFile(join(tree, 'etc/os-release'), 'ID=tiny\n');
    await writeFile(join(tree, 'large'), Buffer.alloc(4 * MEBIBYTE, 3));
    await mkdir(layout);
    await writeOciLayout(layout, { arch: 'amd64', epoch: 0, tag: 'base' }, (layer) =>
      packDirectory(runner, tree, layer),
    );
    await engine.load({ kind: 'oci', path: layout, tag: 'base' }, 'localhost/kept:1', 'amd64');
    await run.kill();
    await disk.cut();
    expect(await engine.has('localhost/kept:1')).toBe(true);
    const open = await engine.open('localhost/kept:1');
    expect(await readFile(join(open.root, 'etc/os-release'), 'utf8')).toBe('ID=tiny\n');
    expect((await readFile(join(open.root, 'large'))).equals(Buffer.alloc(4 * MEBIBYTE, 3))).toBe(true);
    await open[Symbol.asyncDispose]();

    // The run never closed its workspace: what else it wrote to the store cannot be trusted.
    const after = await openWorkspace(root);
    expect(existsSync(store)).toBe(false);
    await after.close();
  });
});
