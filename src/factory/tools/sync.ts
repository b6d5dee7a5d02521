import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

/** Flushes a whole filesystem with one call (syncfs(2)), which Node.js lacks: for trees of many files. */
export const SYNC: HostTool = {
  name: 'sync',
  package: 'coreutils',
  purpose: 'waits until files are on the disk',
};

/** Waits until the filesystem of a path is on the disk. @throws FactoryError `step` when it cannot be written */
export async function syncFilesystem(runner: Runner, path: string): Promise<void> {
  await runner.run(SYNC, ['-f', path]);
}
