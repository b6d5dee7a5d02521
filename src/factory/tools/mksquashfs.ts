import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const MKSQUASHFS: HostTool = {
  name: 'mksquashfs',
  package: 'squashfs-tools',
  purpose: 'packs the squashfs',
  version: {
    args: ['-version'],
    pattern: /version (\d+(?:\.\d+)*)/,
    range: '>=4.5.0 <4.7.0 || >=4.7.5',
    reason: 'it needs 4.5 or newer, and 4.7 to 4.7.4 corrupt sparse files',
  },
};

/**
 * Packs a directory into a squashfs image with zstd and 1 MiB blocks. The same tree gives the same bytes.
 * @param options.output file to write
 * @param options.level zstd compression level, 1 to 22
 * @param options.epoch Unix timestamp of the filesystem
 */
export async function mksquashfs(
  runner: Runner,
  directory: string,
  options: { readonly output: string; readonly level: number; readonly epoch: number },
): Promise<void> {
  const args = [directory, options.output, '-noappend', '-no-progress', '-quiet', '-no-exports'];
  args.push('-b', '1M', '-comp', 'zstd', '-Xcompression-level', String(options.level));
  // Set by the variable only: 4.5 aborts when it gets -mkfs-time as well.
  await runner.run(MKSQUASHFS, args, { env: { SOURCE_DATE_EPOCH: String(options.epoch) } });
}
