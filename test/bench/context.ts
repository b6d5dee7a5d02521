import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { loadFlavor } from '../../src/factory/catalog/flavors/load.ts';
import { select } from '../../src/factory/catalog/flavors/select.ts';
import { resolveBoard } from '../../src/factory/catalog/models/board.ts';
import { loadModel } from '../../src/factory/catalog/models/load.ts';
import { contextEntries } from '../../src/factory/image/context/build-context.ts';
import { packContext } from '../../src/factory/image/context/context-tar.ts';
import {
  compiledAgent,
  FLAVORS,
  MODELS,
  TEMPLATES,
  toolVersion,
} from '../../src/factory/pipeline/project-files.ts';

/** Unpacks the build context of the benchmark's image into an empty directory; its base is `localhost/bench-base`. */
export async function benchContext(directory: string): Promise<void> {
  const flavor = await loadFlavor(FLAVORS, 'debian');
  const target = { arch: 'amd64', releaseVersion: '12' };
  const entries = contextEntries({
    templates: TEMPLATES,
    flavor,
    selection: select(flavor, target, { kernel: 'cloud' }),
    identity: {
      flavor: 'debian',
      flavorRelease: '12',
      family: 'debian',
      variant: 'core',
      arch: 'amd64',
      model: 'generic',
      version: 'v0.0.0',
    },
    board: resolveBoard(await loadModel(MODELS, 'generic'), flavor, target),
    base: 'localhost/bench-base',
    epoch: undefined,
    overlay: undefined,
    tool: toolVersion(),
    agent: compiledAgent('amd64'),
  });
  const archive = `${directory}.tar`;
  await pipeline(packContext(entries), createWriteStream(archive));
  await execa('tar', ['-xf', archive, '-C', join(directory)]);
}
