import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const Library = z.strictObject({ name: z.string(), version: z.string(), licence: z.string() });

/** The file that `scripts/build-agent` writes next to each agent, with the components compiled into it. */
const AgentParts = z.strictObject({
  /** SHA-256 of the executable, in hex. */
  sha256: z.string(),
  version: z.string(),
  licence: z.string(),
  /** The C library in the directory beside the executable. */
  libc: Library.extend({ purl: z.string() }),
  /** The embedded JavaScript runtime. */
  runtime: Library,
  /** npm libraries. */
  libraries: z.array(Library),
});
export type AgentParts = z.infer<typeof AgentParts>;

const ENDING = '.parts.json';

/**
 * Reads the parts of every agent in `directory`; none when the directory does not exist.
 * @throws ZodError or SyntaxError when a file is not what `scripts/build-agent` writes
 */
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
