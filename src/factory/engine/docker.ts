import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Runner } from '../tools/runner.ts';
import { openCommittedTrees } from './committed-trees.ts';
import type { ContainerEngine, ImageBuildOptions, ImageFile, OpenImage } from './container-engine.ts';
import type { DockerDaemon } from './docker/daemon.ts';
import { createJournal, type DaemonObject } from './docker/journal.ts';
import { openLoadArchive } from './docker/load-archive.ts';
import type { ContainerEvent } from './docker/messages.ts';
import { unpackSaved } from './docker/unpack-saved.ts';

/** The daemon, directories and runner of a Docker engine. */
export interface DockerOptions {
  readonly daemon: DockerDaemon;
  readonly runner: Runner;
  /** Directory of committed trees, and of the journal of objects created in the daemon. */
  readonly store: string;
  /** Directory for temporary files of this run; on the same filesystem as the store. */
  readonly work: string;
  readonly log: (line: string) => void;
}

/**
 * Creates the engine for hosts with a Docker daemon. The daemon may run on another machine, so only streams are exchanged with
 * it. The daemon builds; an opened tree is unpacked here, and a committed tree stays here, where every later `open` finds it.
 * The daemon keeps the bases, and the unnamed layers of builds as its cache.
 */
export function createDockerEngine({ daemon, runner, store, work, log }: DockerOptions): ContainerEngine {
  const trees = openCommittedTrees({ runner, store, work });
  const journal = createJournal(
    join(store, 'docker', createHash('sha256').update(daemon.id).digest('hex').slice(0, 16)),
  );
  /** Ids of the images that this run has built; they have no name in the daemon. */
  const built = new Map<string, string>();

  const withScratch = async <T>(prefix: string, use: (directory: string) => Promise<T>): Promise<T> => {
    const directory = await mkdtemp(join(work, prefix));
    try {
      return await use(directory);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };

  async function clear(object: DaemonObject): Promise<void> {
    const { kind, name } = object;
    await (kind === 'container' ? daemon.removeContainer(name) : daemon.removeImage(name));
    await journal.remove(object);
  }

  async function has(image: string): Promise<boolean> {
    if (trees.has(image) || built.has(image)) return true;
    return (await daemon.imageId(image)) !== undefined;
  }

  async function load(file: ImageFile, image: string, arch = machineArch()): Promise<void> {
    built.delete(image);
    await withScratch('load-', async (directory) => {
      const archive = await openLoadArchive(file, { image, arch, scratch: directory });
      await daemon.load(archive, { onLine: log });
    });
  }

  async function build(context: Readable, image: string, options: ImageBuildOptions): Promise<void> {
    const { onStep, onOutput, useCache, offline = false, isBase = false, arch } = options;
    const containers = new Set<string>();
    let written = Promise.resolve();
    const onContainer = ({ id, running }: ContainerEvent) => {
      const container: DaemonObject = { kind: 'container', name: id };
      containers[running ? 'add' : 'delete'](id);
      written = written.then(() => (running ? journal.add(container) : journal.remove(container)));
    };
    try {
      const id = await daemon.build(
        context,
        { useCache, offline, arch },
        {
          onStep,
          onLine: (line) => {
            log(line);
            onOutput?.(line);
          },
          onContainer,
        },
      );
      built.set(image, id);
      if (isBase) await daemon.tag(id, image);
    } finally {
      await written.catch((error: unknown) => log(`${error}`));
      // The daemon removes them when it notices that the connection is gone; this makes sure.
      for (const name of containers) {
        await clear({ kind: 'container', name }).catch((error: unknown) => log(`${error}`));
      }
    }
  }

  const open = (image: string): Promise<OpenImage> =>
    trees.open(image, async (root, scratch) => {
      const id = built.get(image) ?? (await daemon.imageId(image));
      if (id === undefined)
        throw new FactoryError('DOCKER_FAILED', `the Docker daemon has no image ${image}`);
      const archive = join(scratch, 'saved.tar');
      await daemon.save(id, archive);
      const unpacked = join(scratch, 'plain.tar');
      await unpackSaved(runner, { archive, target: root, unpacked, arch: machineArch() });
    });

  return {
    name: 'docker',
    describe: async () => ({ docker: daemon.version }),
    has,
    load,
    build,
    open,
    adopt: async (id, image) => {
      built.delete(image);
      await daemon.tag(id, image);
    },
    transient: async (image) => {
      await journal.add({ kind: 'image', name: image });
      return {
        [Symbol.asyncDispose]: async () => {
          const id = built.get(image);
          built.delete(image);
          // An image that cannot be removed now stays in the journal for the next run.
          await (async () => {
            if (id !== undefined) await daemon.removeImage(id);
            await clear({ kind: 'image', name: image });
          })().catch((error: unknown) => log(`${error}`));
        },
      };
    },
    // The images are the daemon's, and a committed tree is synced.
    sync: async () => undefined,
    sweep: async () => {
      for (const object of await journal.list()) await clear(object);
    },
  };
}
