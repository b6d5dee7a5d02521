import { FactoryError } from '../../errors/factory-error.ts';
import type { Host } from '../../host/host.ts';

/** A program that unpacks a tar, and its arguments but for the directory and the archive. */
export interface UnpackProgram {
  readonly name: string;
  readonly args: readonly string[];
}

/**
 * GNU tar and libarchive's keep everything; that of BusyBox loses capabilities.
 * @throws FactoryError `tool` when there is neither
 */
export async function unpackProgram(
  host: Pick<Host, 'has' | 'run'>,
  options: { readonly keepDirectories?: boolean } = {},
): Promise<UnpackProgram> {
  // The owners of an unprivileged user's files cannot be kept.
  const owner = process.getuid?.() === 0 ? '--same-owner' : '--no-same-owner';
  const common = ['-x', '-p', '--xattrs', '--acls', '--numeric-owner', owner];
  for (const name of ['tar', 'bsdtar']) {
    if (!(await host.has(name))) continue;
    const { stdout, stderr } = await host.run(name, ['--version'], { allowFailure: true });
    const version = `${stdout}${stderr}`;
    if (/busybox|toybox/i.test(version)) continue;
    // Times in the future are no news on a machine whose clock is not set yet.
    const isGnu = !/bsdtar|libarchive/i.test(version);
    const gnu = [
      '--xattrs-include=*',
      '--warning=no-timestamp',
      ...(options.keepDirectories ? ['--no-overwrite-dir'] : []),
    ];
    return { name, args: isGnu ? [...common, ...gnu] : common };
  }
  throw new FactoryError('TOOL_MISSING', 'there is no tar that keeps capabilities and attributes', {
    remedy: 'Add GNU tar (package tar) or bsdtar to the image.',
  });
}
