import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const Library = z.strictObject({ name: z.string(), version: z.string(), licence: z.string() });

/** What `scripts/build-agent` writes beside each agent: what was compiled into it. */
const AgentParts = z.strictObject({
  /** Of the compiled program. */
  sha256: z.string(),
  version: z.string(),
  licence: z.string(),
  /** The JavaScript runtime that it has inside. */
  runtime: Library,
  /** Libraries of npm. */
  libraries: z.array(Library),
});
export type AgentParts = z.infer<typeof AgentParts>;

const ENDING = '.parts.json';

/** The parts of every agent that was compiled into `directory`. */
export async function readAgentParts(directory: string): Promise<AgentParts[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return Promise.all(
    names
      .filter((name) => name.startsWith('kairos-agent-') && name.endsWith(ENDING))
      .sort()
      .map(async (name) => AgentParts.parse(JSON.parse(await readFile(join(directory, name), 'utf8')))),
  );
}
