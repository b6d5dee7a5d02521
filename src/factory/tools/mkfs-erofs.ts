import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const MKFS_EROFS: HostTool = {
  name: 'mkfs.erofs',
  package: 'erofs-utils',
  version: {
    args: ['--version'],
    pattern: /mkfs\.erofs (?:\(erofs-utils\) )?(\d+(?:\.\d+)*)/,
    range: '>=1.5.0',
    reason: 'nothing older than 1.5 was tried',
  },
};

/**
 * Packs a directory into an EROFS with lz4. All files get the same time, which is the only way that all versions know
 * to leave out the clock. The same tree gives the same bytes.
 * @param options.output file to write
 * @param options.epoch seconds since 1970
 */
export async function mkfsErofs(
  runner: Runner,
  directory: string,
  options: { readonly output: string; readonly epoch: number; readonly uuid: string },
): Promise<void> {
  const args = ['--quiet', '-zlz4hc', `-T${options.epoch}`, '--ignore-mtime', `-U${options.uuid}`];
  await runner.run(MKFS_EROFS, [...args, options.output, directory]);
}
