import type { ContainerEngine } from '../../engine/container-engine.ts';
import { type RootTraits, readRootTraits } from '../../image/root/root-traits.ts';
import { readOsRelease } from './base-step.ts';

/** An image in the engine, and what its root is like. */
export interface RootFacts {
  /** Name in the engine. */
  readonly image: string;
  readonly osRelease: Readonly<Record<string, string>>;
  readonly traits: RootTraits;
}

/**
 * Opens an image of the engine and looks at its root.
 * @param name for messages
 * @throws FactoryError `usage` when it is no distribution's root
 */
export async function rootFacts(
  engine: ContainerEngine,
  image: string,
  name: string,
  arch: string,
): Promise<RootFacts> {
  await using open = await engine.open(image);
  return {
    image,
    osRelease: await readOsRelease(open, name),
    traits: await readRootTraits(open.root, arch),
  };
}
