import type { Readable, Writable } from 'node:stream';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const TAR: HostTool = {
  name: 'tar',
  package: 'tar',
  purpose: 'moves trees of files into and out of images',
};
/** The tar of libarchive. */
const BSDTAR: HostTool = {
  name: 'bsdtar',
  package: 'libarchive-tools',
  purpose: 'unpacks image layers where GNU tar is missing',
};

/** The tar program of that name; `undefined` if there is none. */
export function tarNamed(program: string): HostTool | undefined {
  return [TAR, BSDTAR].find(({ name }) => name === program);
}

/**
 * Packs a directory as a tar stream: sorted entries, numeric owners, extended attributes and hard links. The same tree gives
 * the same bytes for every user.
 */
export async function packDirectory(runner: Runner, directory: string, output: Writable): Promise<void> {
  const args = [
    '--create',
    '--format=posix',
    '--sort=name',
    '--numeric-owner',
    '--xattrs',
    '--xattrs-include=*',
  ];
  // Without access and change times, and without a process id in the names of extended headers.
  args.push(
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    '--directory',
    directory,
    '.',
  );
  await runner.run(TAR, args, { output });
}

/** Packs members of a directory as a tar stream, with owners, extended attributes, hard links and holes. */
export async function packMembers(
  runner: Runner,
  directory: string,
  {
    members,
    leftOut,
    output,
  }: {
    readonly members: readonly string[];
    /** Paths below the directory whose content is left out. */
    readonly leftOut: readonly string[];
    readonly output: Writable;
  },
): Promise<void> {
  const flags = [
    '--create',
    '--format=posix',
    '--numeric-owner',
    '--sparse',
    '--xattrs',
    '--xattrs-include=*',
  ];
  const excluded = leftOut.map((path) => `--exclude=${path}/*`);
  await runner.run(TAR, [...flags, '--anchored', ...excluded, '--directory', directory, '--', ...members], {
    output,
  });
}

/** Unpacks a tar stream from {@link packDirectory} into an empty directory. */
export async function unpackStream(runner: Runner, input: Readable, directory: string): Promise<void> {
  await runner.run(
    TAR,
    ['--extract', '--numeric-owner', '--no-same-owner', '--same-permissions', '--directory', directory],
    {
      input,
    },
  );
}

/** Unpacks the tar of a root filesystem, compressed or not, into an empty directory, with owners and extended attributes. */
export async function unpackRoot(runner: Runner, file: string, directory: string): Promise<void> {
  const flags = ['--numeric-owner', '--same-owner', '--same-permissions', '--xattrs', '--xattrs-include=*'];
  await runner.run(TAR, ['--extract', ...flags, '--file', file, '--directory', directory]);
}
