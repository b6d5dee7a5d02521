import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const UNSQUASHFS: HostTool = {
  name: 'unsquashfs',
  package: 'squashfs-tools',
  versionFlag: '-version',
  purpose: 'unpacks a squashfs to compare it',
};

/** Unpacks a squashfs, with owners, times and extended attributes, into a directory that does not exist yet. */
export async function unsquashfs(runner: Runner, file: string, directory: string): Promise<void> {
  await runner.run(UNSQUASHFS, ['-no-progress', '-quiet', '-dest', directory, file]);
}
