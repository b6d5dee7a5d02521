import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { settleAll } from '../../../common/errors/settle.ts';
import { decodeFileName } from '../../../common/files/file-name.ts';
import type { TarMember } from '../../../common/tar/member.ts';
import { readTar } from '../../../common/tar/read-tar.ts';
import type { Runner } from '../../tools/runner.ts';
import { packDirectory } from '../../tools/tar.ts';

/** File types by their type flags in a tar (POSIX.1-2024, "ustar Interchange Format"). */
const KINDS: Readonly<Record<string, TreeFile['kind']>> = {
  '2': 'symlink',
  '3': 'device',
  '4': 'device',
  '5': 'directory',
  '6': 'fifo',
};

/** The properties of a file in a tree. */
export interface TreeFile {
  readonly kind: 'file' | 'directory' | 'symlink' | 'device' | 'fifo';
  /** Permission bits, including set-id and sticky bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Unix timestamp in seconds, with all the digits that the tar has. */
  readonly modified: string;
  /** Size of a regular file in bytes. */
  readonly size: number;
  /** SHA-256 of a regular file, in hex. */
  readonly sha256?: string;
  /** Target of a symbolic link. */
  readonly target?: string;
  /** For a further hard link: the path of the first one. */
  readonly linkOf?: string;
  /** `MAJOR:MINOR` of a device node. */
  readonly device?: string;
  /** Extended attributes by name, with values in hex. */
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * Files of a tree by path, without a leading slash; the root itself is `.`. Paths are decoded with `decodeFileName`.
 */
export type Tree = ReadonlyMap<string, TreeFile>;

const ATTRIBUTE = 'SCHILY.xattr.';

/** Reads a directory, including owners and extended attributes. @throws FactoryError `step` when it cannot be read */
export async function readTree(runner: Runner, directory: string): Promise<Tree> {
  const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
  let tree: Tree = new Map();
  await settleAll([
    packDirectory(runner, directory, stream),
    readTreeTar(stream).then((read) => {
      tree = read;
    }),
  ]);
  return tree;
}

/** Reads the tar of a tree. @throws FactoryError `step` when it is not a tar */
export async function readTreeTar(stream: AsyncIterable<Uint8Array>): Promise<Tree> {
  const tree = new Map<string, TreeFile>();
  for await (const { member, content } of readTar(stream, { corrupt, globalHeaders: 'ignore' })) {
    const hash = createHash('sha256');
    for await (const part of content()) hash.update(part);
    const path = pathOf(member.name);
    // A hard link to a file that was read before.
    const first = member.type === '1' ? pathOf(member.linkName) : undefined;
    const original = first === undefined ? undefined : tree.get(first);
    tree.set(
      path,
      original && first !== undefined
        ? { ...original, linkOf: first }
        : fileOf(member, KINDS[member.type] ?? 'file', hash.digest('hex')),
    );
  }
  return tree;
}

function fileOf(member: TarMember, kind: TreeFile['kind'], sha256: string): TreeFile {
  const { mode, uid, gid, modified, sparse, device } = member;
  const attributes = member.records.flatMap(([key, value]) =>
    key.startsWith(ATTRIBUTE)
      ? [[text(key.slice(ATTRIBUTE.length)), Buffer.from(value, 'latin1').toString('hex')] as const]
      : [],
  );
  return {
    kind,
    mode,
    uid,
    gid,
    modified,
    size: kind === 'file' ? (sparse?.realSize ?? member.size) : 0,
    ...(kind === 'file' ? { sha256 } : {}),
    ...(kind === 'symlink' ? { target: text(member.linkName) } : {}),
    ...(kind === 'device' ? { device: device.join(':') } : {}),
    attributes: Object.fromEntries(attributes.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function pathOf(name: string): string {
  const path = text(name)
    .replace(/^(\.\/)+/, '')
    .replace(/\/+$/, '');
  return path === '' ? '.' : path;
}

/** Decodes a name of the tar reader, which has one character per byte. */
function text(latin1: string): string {
  return decodeFileName(Buffer.from(latin1, 'latin1'));
}

function corrupt(reason: string): FactoryError {
  return new FactoryError('ARCHIVE_CORRUPT', `the tar of the tree cannot be read: ${reason}`);
}
