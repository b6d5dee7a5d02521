import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeFileName } from '../../src/common/files/file-name.ts';
import { walkTree } from '../../src/common/files/walk-tree.ts';
import { applyLayers } from '../../src/common/oci/layers/apply-layers.ts';
import { openLocalImage } from '../../src/common/oci/layers/local-image.ts';
import { createBuildahEngine } from '../../src/factory/engine/buildah.ts';
import { layerHost } from '../../src/factory/engine/docker/unpack-saved.ts';
import { createRunner } from '../../src/factory/tools/runner.ts';
import { testImage, testIndex, testLayout } from '../unit/common/oci/layers/support/test-image.ts';
import type { TestMember } from '../unit/support/tar-bytes.ts';
import { type Files, inRandomOrder, randomImage, randomNumbers } from './support/random-layers.ts';

const IMAGES = 12;
const LAYERS = 4;
/** KAIROS_FACTORY_TEST_SEED repeats a run. */
const SEED = Number(process.env['KAIROS_FACTORY_TEST_SEED'] ?? 20_261_130);
const runner = createRunner({
  log: () => undefined,
  env: process.env,
  signal: new AbortController().signal,
});

/** Each file of a tree as a line. */
function found(root: string): string[] {
  const rows = [...walkTree(root)]
    .filter(({ path }) => path !== '')
    .map(({ path, place, stats }) => {
      const name = encodeFileName(path).toString('latin1');
      if (stats.isSymbolicLink()) return `${name} -> ${readlinkSync(place, 'latin1')}`;
      if (stats.isDirectory()) return `${name}/ ${(lstatSync(place).mode & 0o7777).toString(8)}`;
      return `${name} = ${readFileSync(place, 'latin1')}`;
    });
  return rows.sort();
}

function expected(tree: Files): string[] {
  const rows = [...tree].map(([path, node]) => {
    if (node.type === 'link') return `${path} -> ${node.target}`;
    return node.type === 'directory' ? `${path}/ ${node.mode.toString(8)}` : `${path} = ${node.content}`;
  });
  return rows.sort();
}

/** Writes an image layout. */
async function layout(directory: string, layers: readonly (readonly TestMember[])[]): Promise<void> {
  const image = testImage(layers);
  for (const { name, content = '' } of testLayout(testIndex({ 'linux/amd64': image }), [image])) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), content);
  }
}

test.skipIf(process.getuid?.() !== 0)(
  'random layers lead to the same tree as in buildah, wherever their marks are (needs root)',
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'kairos-layers-'));
    const engine = createBuildahEngine({ runner, cleanup: runner, store: join(home, 'store'), work: home });
    const unpack = async (directory: string, name: string) => {
      const platform = { os: 'linux', architecture: 'amd64' };
      const { layers } = await openLocalImage(directory, { platform, unpacked: join(directory, 'plain') });
      const target = join(directory, name);
      await mkdir(target);
      await applyLayers(layerHost(runner), layers, { target });
      return found(target);
    };
    try {
      for (let index = 0; index < IMAGES; index += 1) {
        const seed = SEED + index;
        const random = randomNumbers(seed);
        const { tree, layers } = randomImage(seed, LAYERS);
        const [plain, shuffled] = [join(home, `plain-${index}`), join(home, `shuffled-${index}`)];
        await layout(
          plain,
          layers.map((members) => inRandomOrder(members, random, 'directories first')),
        );
        await layout(
          shuffled,
          layers.map((members) => inRandomOrder(members, random, 'any')),
        );
        const hint = `seed ${seed}: ${JSON.stringify(layers)}`;
        expect(await unpack(plain, 'ours'), hint).toEqual(expected(tree));
        expect(await unpack(shuffled, 'ours'), hint).toEqual(expected(tree));
        await engine.load(
          { kind: 'oci', path: plain, tag: undefined },
          `localhost/test/layers:${index}`,
          'amd64',
        );
        await using open = await engine.open(`localhost/test/layers:${index}`);
        expect(found(open.root), `buildah, ${hint}`).toEqual(expected(tree));
      }
    } finally {
      await engine.sweep();
      await rm(home, { recursive: true, force: true });
    }
  },
);
