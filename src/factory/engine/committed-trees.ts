import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, syncDirectory } from '../../common/files/sync-path.ts';
import type { Runner } from '../tools/runner.ts';
import { syncFilesystem } from '../tools/sync.ts';
import type { OpenImage } from './container-engine.ts';

/** Where an engine keeps trees. */
export interface TreePlaces {
  readonly runner: Runner;
  /** The image store. */
  readonly store: string;
  /** Directory for temporary files of this run; on the same filesystem as the store. */
  readonly work: string;
}

/** Images as directories, for engines whose daemon has no directories that we can read. */
export interface CommittedTrees {
  has(image: string): boolean;
  /**
   * Opens an image: the committed tree, else a tree that `unpack` fills.
   * @param unpack fills `root`; it may use `scratch`, an empty directory
   */
  open(image: string, unpack: (root: string, scratch: string) => Promise<void>): Promise<OpenImage>;
}

/** Opens the committed trees of a store. A committed tree is not unpacked again: every later `open` finds it. */
export function openCommittedTrees({ runner, store, work }: TreePlaces): CommittedTrees {
  const trees = join(store, 'trees');
  const treeOf = (image: string) => join(trees, encodeURIComponent(image));

  async function open(
    image: string,
    unpack: (root: string, scratch: string) => Promise<void>,
  ): Promise<OpenImage> {
    const kept = treeOf(image);
    if (existsSync(kept)) {
      return {
        root: kept,
        commit: async () => {
          throw new RangeError(`the image ${image} is already committed`);
        },
        [Symbol.asyncDispose]: async () => undefined,
      };
    }
    const home = await mkdtemp(join(work, 'tree-'));
    const remove = () => rm(home, { recursive: true, force: true });
    try {
      const [root, scratch] = [join(home, 'root'), join(home, 'scratch')];
      await mkdir(root);
      await mkdir(scratch);
      await unpack(root, scratch);
      await rm(scratch, { recursive: true });
      return {
        root,
        commit: async (name) => {
          await makeDirectory(trees, 0o700);
          await syncFilesystem(runner, root);
          await rename(root, treeOf(name));
          await syncDirectory(trees);
        },
        [Symbol.asyncDispose]: remove,
      };
    } catch (error) {
      await remove();
      throw error;
    }
  }

  return { has: (image) => existsSync(treeOf(image)), open };
}
