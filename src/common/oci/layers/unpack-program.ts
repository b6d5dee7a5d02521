import { FactoryError } from '../../errors/factory-error.ts';
import type { Host } from '../../host/host.ts';

/** A program that unpacks a tar, with its arguments except the directory and the archive. */
export interface UnpackProgram {
  readonly name: string;
  readonly args: readonly string[];
}

/**
 * Finds a tar that preserves all attributes: GNU tar or bsdtar, but not BusyBox's, which loses capabilities.
 * @throws FactoryError `tool` when neither is installed
 */
export async function unpackProgram(
  host: Pick<Host, 'has' | 'run'>,
  options: { readonly keepDirectories?: boolean } = {},
): Promise<UnpackProgram> {
  // Only root can set the owners of files.
  const owner = process.getuid?.() === 0 ? '--same-owner' : '--no-same-owner';
  const common = ['-x', '-p', '--xattrs', '--acls', '--numeric-owner', owner];
  for (const name of ['tar', 'bsdtar']) {
    if (!(await host.has(name))) continue;
    const { stdout, stderr } = await host.run(name, ['--version'], { allowFailure: true });
    const version = `${stdout}${stderr}`;
    if (/busybox|toybox/i.test(version)) continue;
    // Times in the future are normal on a machine whose clock is not set yet.
    const isGnu = !/bsdtar|libarchive/i.test(version);
    const gnu = [
      '--xattrs-include=*',
      '--warning=no-timestamp',
      ...(options.keepDirectories ? ['--no-overwrite-dir'] : []),
    ];
    return { name, args: isGnu ? [...common, ...gnu] : common };
  }
  throw new FactoryError('TOOL_MISSING', 'there is no tar that preserves capabilities and attributes', {
    remedy: 'Add GNU tar (package tar) or bsdtar to the image.',
  });
}
