import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistrySettings } from '../config/registries.ts';
import type { InspectContext } from '../inspect/artifact/inspect-context.ts';
import { readAgentParts } from '../inspect/sbom/agent-parts.ts';
import { unlockedImages } from './image-sources.ts';
import { AGENTS } from './project-files.ts';
import { withSession } from './session.ts';

/** Options of {@link withArtifacts}. */
export interface ArtifactReading extends Pick<InspectContext, 'arch' | 'content' | 'say'> {
  readonly registries: readonly RegistrySettings[];
  /** Called with the path of the log once it exists. */
  readonly onLog: (file: string) => void;
}

/**
 * Runs `body` with what it needs to read artifacts in place, in a session that removes all temporary files afterwards.
 * @throws what `body` throws
 */
export async function withArtifacts<T>(
  { registries, onLog, ...options }: ArtifactReading,
  body: (context: InspectContext) => Promise<T>,
): Promise<T> {
  const agents = await readAgentParts(AGENTS);
  return withSession(
    async (session) => {
      const { runner, daemon, workspace, signal } = session;
      const images = unlockedImages(session, { registries });
      const scratch = await mkdtemp(join(workspace.work, 'artifact-'));
      const access = { runner, registries, env: process.env, signal };
      return body({ runner, images, access, daemon, agents, scratch, signal, ...options });
    },
    { onLog },
  );
}
