import { stat } from 'node:fs/promises';
import type { ImageFacts } from '../../../common/contract/image-facts.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import type { AgentParts } from './agent-parts.ts';

/** Information for an inventory that is not in the root. */
export interface InventorySources {
  readonly facts: Pick<ImageFacts, 'epoch' | 'release'>;
  /** The agents of this factory; the image's agent is recognised by its checksum. */
  readonly agents: readonly AgentParts[];
  /** Names of the bundles in the image, which leave no record in it. */
  readonly bundles: readonly string[];
  /** Computes the SHA-256 of a file, in hex. */
  readonly hash: (file: string) => Promise<string>;
}

/** The path on the host of a regular file in the root; nothing when there is none. */
export async function regularFile(root: string, path: string): Promise<string | undefined> {
  const file = await resolveInRoot(root, path);
  return file !== undefined && (await stat(file)).isFile() ? file : undefined;
}
