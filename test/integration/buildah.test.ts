import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createBuildahEngine, storeArguments } from '../../src/factory/engine/buildah.ts';
import { writeOciLayout } from '../../src/factory/inputs/base/oci-layout.ts';
import { createRunner } from '../../src/factory/tools/runner.ts';
import { tool } from '../support/tool.ts';
import { tarBytes } from '../unit/support/tar-bytes.ts';

/** Without root, the program first enters a user namespace, which a test cannot do. */
test.skipIf(process.getuid?.() !== 0)(
  'images that are loaded at the same time are not mixed up (needs root)',
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'kairos-buildah-'));
    const names = ['one', 'two', 'three', 'four'];
    const runner = createRunner({
      log: () => undefined,
      env: process.env,
      signal: new AbortController().signal,
    });
    const places = { store: join(home, 'store'), work: home };
    // Two engines, like two runs that share a cache.
    const engines = [1, 2].map(() => createBuildahEngine({ runner, cleanup: runner, ...places }));
    try {
      for (const name of names) {
        await mkdir(join(home, name));
        await writeOciLayout(join(home, name), { arch: 'amd64', epoch: 0, tag: 'base' }, async (output) => {
          output.end(tarBytes([{ name: 'name', content: name }]));
        });
      }
      await Promise.all(
        names.map((name, index) => {
          const file = { kind: 'oci', path: join(home, name), tag: 'base' } as const;
          return engines[index % 2]?.load(file, `localhost/test/${name}:1`, 'amd64');
        }),
      );
      const found: string[] = [];
      for (const name of names) {
        await using open = await (engines[0] as (typeof engines)[0]).open(`localhost/test/${name}:1`);
        found.push(await readFile(join(open.root, 'name'), 'utf8'));
      }
      expect(found).toEqual(names);
      const images = [
        '--root',
        join(home, 'store/images'),
        '--runroot',
        join(home, 'store/run'),
        'images',
        '--json',
      ];
      const listed = JSON.parse(await tool('buildah', '--storage-driver', 'overlay', ...images)) as {
        names: string[];
      }[];
      expect(listed.flatMap((image) => image.names).sort()).toEqual(
        names.map((name) => `localhost/test/${name}:1`).sort(),
      );
    } finally {
      await engines[0]?.sweep();
      await rm(home, { recursive: true, force: true });
    }
  },
);

test.skipIf(process.getuid?.() !== 0)(
  'a container that buildah does not know is removed (needs root)',
  async () => {
    const home = await mkdtemp(join(tmpdir(), 'kairos-buildah-'));
    const runner = createRunner({
      log: () => undefined,
      env: process.env,
      signal: new AbortController().signal,
    });
    const store = join(home, 'store');
    const engine = createBuildahEngine({ runner, cleanup: runner, store, work: home });
    const places = storeArguments(store);
    const containers = join(store, 'images/overlay-containers');
    try {
      const ids: string[] = [];
      for (const name of ['known', 'other']) {
        await tool('buildah', ...places, 'from', '--name', name, 'scratch');
        ids.push(await tool('buildah', ...places, 'inspect', '--format', '{{.ContainerID}}', name));
      }
      // What a kill between the two records of a container leaves.
      await rm(join(containers, ids[1] ?? '', 'userdata/buildah.json'));
      await engine.sweep();
      expect(JSON.parse(await readFile(join(containers, 'containers.json'), 'utf8'))).toEqual([]);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
);
