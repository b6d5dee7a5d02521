import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { settleAll } from '../../../common/errors/settle.ts';
import { decodeFileName } from '../../../common/files/file-name.ts';
import type { TarMember } from '../../../common/tar/member.ts';
import { readTar } from '../../../common/tar/read-tar.ts';
import type { Runner } from '../../tools/runner.ts';
import { packDirectory } from '../../tools/tar.ts';

/** What stands for a kind of file in a tar (POSIX.1-2024, "ustar Interchange Format"). */
const KINDS: Readonly<Record<string, TreeFile['kind']>> = {
  '2': 'symlink',
  '3': 'device',
  '4': 'device',
  '5': 'directory',
  '6': 'fifo',
};

/** All that tells one file of a tree from another. */
export interface TreeFile {
  readonly kind: 'file' | 'directory' | 'symlink' | 'device' | 'fifo';
  /** Permission bits, with those for set-id and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, with as many digits as are there. */
  readonly modified: string;
  /** Of a file's content. */
  readonly size: number;
  /** Of a file's content. */
  readonly sha256?: string;
  /** Of a symbolic link. */
  readonly target?: string;
  /** The first name, in the order of names, of a file that has several. */
  readonly linkOf?: string;
  /** `MAJOR:MINOR`. */
  readonly device?: string;
  /** Extended attributes, in hex, by name. */
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * Files of a tree by their paths, without a leading slash; the root itself is `.`. Paths are text as of
 * `decodeFileName`.
 */
export type Tree = ReadonlyMap<string, TreeFile>;

const ATTRIBUTE = 'SCHILY.xattr.';

/** Reads a directory with owners and extended attributes. @throws FactoryError `step` when it cannot be read */
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
    // A further name of a file that was read before.
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

/** The reader has one character for each byte. */
function text(latin1: string): string {
  return decodeFileName(Buffer.from(latin1, 'latin1'));
}

function corrupt(reason: string): FactoryError {
  return new FactoryError('ARCHIVE_CORRUPT', `the tar of the tree cannot be read: ${reason}`);
}
