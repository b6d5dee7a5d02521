import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { makeDirectory, syncDirectory } from '../../common/files/sync-path.ts';
import type { BuildkitSpec } from '../config/buildkit.ts';
import { BUILDCTL, solve } from '../tools/buildctl.ts';
import type { Runner } from '../tools/runner.ts';
import { syncFilesystem } from '../tools/sync.ts';
import { unpackStream } from '../tools/tar.ts';
import { type BuildkitBuilder, chooseBuilder, connectBuilders } from './buildkit/builders.ts';
import { buildError } from './buildkit/buildkit-error.ts';
import { cachesOf } from './buildkit/caches.ts';
import { copyToLayout, LAYOUTS, manifestFor, putLayout, shareBlobs } from './buildkit/layouts.ts';
import { followBuild } from './buildkit/messages.ts';
import { openCommittedTrees } from './committed-trees.ts';
import type { ContainerEngine, ImageBuildOptions, ImageFile, OpenImage } from './container-engine.ts';
import { unpackSaved } from './docker/unpack-saved.ts';

/** The daemons, directories and runner of a BuildKit engine. */
export interface BuildkitOptions {
  readonly settings: BuildkitSpec;
  /** Used for everything but cleanup. */
  readonly runner: Runner;
  /** Used for cleanup: it must outlive a cancelled build. */
  readonly cleanup: Runner;
  /** Directory of layouts and committed trees. */
  readonly store: string;
  /** Directory for temporary files of this run; on the same filesystem as the store. */
  readonly work: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
}

/**
 * Creates the engine for BuildKit daemons, of this machine or of others. They have no image store that we use: images are OCI
 * layouts here, of which a daemon fetches the layers that it lacks, and the result of a build comes back as one. A daemon
 * keeps nothing but its cache.
 */
export function createBuildkitEngine(options: BuildkitOptions): ContainerEngine {
  const { settings, runner, cleanup, store, work, env, log } = options;
  const trees = openCommittedTrees({ runner, store, work });
  const kept = join(store, LAYOUTS);
  const temporary = join(work, LAYOUTS);
  /** Images that only this run needs. */
  const passing = new Set<string>();
  const placeOf = (image: string) => join(passing.has(image) ? temporary : kept, encodeURIComponent(image));

  let connected: Promise<readonly BuildkitBuilder[]> | undefined;
  const builders = () => {
    connected ??= connectBuilders(settings, { runner, env });
    return connected;
  };

  async function load(file: ImageFile, image: string, arch = machineArch()): Promise<void> {
    const home = await mkdtemp(join(work, 'load-'));
    try {
      const scratch = join(home, 'scratch');
      const finished = join(home, 'layout');
      await mkdir(scratch);
      await copyToLayout(file, finished, { arch, scratch });
      await keep(finished, image);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }

  /** Stores a layout under the name of an image, where it survives a power cut. */
  async function keep(finished: string, image: string): Promise<void> {
    const place = placeOf(image);
    await makeDirectory(join(place, '..'), 0o700);
    if (!passing.has(image)) await syncFilesystem(runner, finished);
    await putLayout(finished, place);
    await syncDirectory(join(place, '..'));
  }

  async function build(context: Readable, image: string, given: ImageBuildOptions): Promise<void> {
    const { onStep, onOutput, useCache, offline = false, isBase = false, arch = machineArch() } = given;
    const { caches = settings } = given;
    if (!isBase) passing.add(image);
    const home = await mkdtemp(join(work, 'build-'));
    try {
      const [directory, output] = [join(home, 'context'), join(home, 'layout')];
      await mkdir(directory);
      await unpackStream(runner, context, directory);
      const text = await readFile(join(directory, 'Containerfile'), 'utf8');
      const builder = chooseFor(await builders(), text, arch);
      const images = await imagesOf(text, arch);
      await shareBlobs(
        [...images.values()].map((layout) => layout.directory),
        output,
      );
      const messages = followBuild({ log, onStep, onOutput: (line) => onOutput?.(line) });
      await solve(runner, builder, {
        build: {
          context: directory,
          output,
          images,
          platform: `linux/${arch}`,
          compression: builder.address.startsWith('unix:')
            ? 'compression=uncompressed'
            : 'compression=zstd,compression-level=1',
          useCache,
          offline,
          ...cachesOf(caches, { useCache, offline, isBase }),
        },
        onLine: messages.take,
      }).catch((error: unknown) => {
        throw buildError(builder.address, error, { ...messages.failure(), local: [work, store] });
      });
      await keep(output, image);
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  }

  /** The images of ours that a Containerfile names. */
  async function imagesOf(text: string, arch: string) {
    const words = new Set(text.split(/[\s=]+/).filter((word) => word.includes('/')));
    const found = [...words].filter((word) => existsSync(placeOf(word)));
    return new Map(
      await Promise.all(
        found.map(async (name) => {
          const directory = placeOf(name);
          return [name, { directory, digest: await manifestFor(directory, arch) }] as const;
        }),
      ),
    );
  }

  const open = (image: string): Promise<OpenImage> =>
    trees.open(image, async (target, scratch) => {
      const archive = placeOf(image);
      if (!existsSync(archive)) throw new FactoryError('BUILDKIT_FAILED', `the store has no image ${image}`);
      const unpacked = join(scratch, 'plain.tar');
      await unpackSaved(runner, { archive, target, unpacked, arch: machineArch() });
    });

  return {
    name: 'buildkit',
    describe: async () => {
      await runner.locate(BUILDCTL);
      const all = await builders();
      return Object.fromEntries(all.map(({ address, version }) => [`buildkit ${address}`, version]));
    },
    requireArch: async (arch) => void chooseBuilder(await builders(), arch),
    has: async (image) => trees.has(image) || existsSync(placeOf(image)),
    load,
    build,
    open,
    transient: async (image) => {
      passing.add(image);
      return {
        [Symbol.asyncDispose]: () =>
          rm(placeOf(image), { recursive: true, force: true }).catch((error: unknown) => log(`${error}`)),
      };
    },
    sync: () => syncFilesystem(cleanup, store),
    // What a run leaves is in its own directory, which the next one removes.
    sweep: async () => undefined,
  };
}

/** The builder of a Containerfile. Any can copy files, whatever the programs of the image are for. */
function chooseFor(all: readonly BuildkitBuilder[], text: string, arch: string): BuildkitBuilder {
  try {
    return chooseBuilder(all, arch);
  } catch (error) {
    const [first] = all;
    if (first === undefined || /^\s*RUN\b/im.test(text)) throw error;
    return first;
  }
}
