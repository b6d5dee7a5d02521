import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const DEBUGFS: HostTool = {
  name: 'debugfs',
  package: 'e2fsprogs',
  versionFlag: '-V',
  purpose: 'sets owners and times inside ext filesystems',
};

/** An ext filesystem in a file. */
export interface ExtLocation {
  readonly file: string;
  /** Byte offset of the filesystem in the file. */
  readonly offset: number;
}

/** The name of an ext filesystem in the syntax of e2fsprogs (debugfs(8), ext2fs_open: options follow the name). */
function nameOf({ file, offset }: ExtLocation): string {
  return offset === 0 ? file : `${file}?offset=${offset}`;
}

/**
 * Copies all files of an ext filesystem into an existing directory, with owners, modes and times. Extended attributes are
 * not copied.
 */
export async function dumpExt(runner: Runner, location: ExtLocation, directory: string): Promise<void> {
  await runner.run(DEBUGFS, ['-R', `rdump / "${directory}"`, nameOf(location)]);
}

/** The path of the file that a block belongs to; `undefined` for a block of metadata. */
export async function extFileOfBlock(
  runner: Runner,
  location: ExtLocation,
  block: number,
): Promise<string | undefined> {
  const blocks = await runner.run(DEBUGFS, ['-R', `icheck ${block}`, nameOf(location)]);
  const inode = new RegExp(`^${block}\\t(\\d+)`, 'm').exec(blocks.stdout)?.[1];
  if (inode === undefined) return undefined;
  const names = await runner.run(DEBUGFS, ['-R', `ncheck ${inode}`, nameOf(location)]);
  return new RegExp(`^${inode}\\t(.+)$`, 'm').exec(names.stdout)?.[1];
}
