import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const MKFS_EROFS: HostTool = {
  name: 'mkfs.erofs',
  package: 'erofs-utils',
  purpose: 'packs an extension as EROFS',
  version: {
    args: ['--version'],
    pattern: /mkfs\.erofs (?:\(erofs-utils\) )?(\d+(?:\.\d+)*)/,
    range: '>=1.5.0',
    reason: 'older versions are untested',
  },
};

/**
 * Packs a directory into an EROFS image with lz4. All files get the same time, the only setting with which every supported
 * version ignores the clock. The same tree gives the same bytes.
 * @param options.output file to write
 * @param options.epoch Unix timestamp for every file
 */
export async function mkfsErofs(
  runner: Runner,
  directory: string,
  options: { readonly output: string; readonly epoch: number; readonly uuid: string },
): Promise<void> {
  const args = ['--quiet', '-zlz4hc', `-T${options.epoch}`, '--ignore-mtime', `-U${options.uuid}`];
  await runner.run(MKFS_EROFS, [...args, options.output, directory]);
}
