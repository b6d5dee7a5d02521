import type { ByteView } from './byte-view.ts';

/** A file, directory or link of a filesystem that is read in place. */
export interface MediaNode {
  /** Decoded by `decodeFileName`; empty for the root. */
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Bytes of a file's content; 0 for anything else. */
  readonly size: number;
  /** Where the filesystem keeps it. Two names with the same place are hard links to one file. */
  readonly place: number;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** A filesystem in a file or a part of one, read without mounting it and without privileges. */
export interface Filesystem {
  readonly type: 'ext2' | 'ext3' | 'ext4' | 'vfat' | 'iso9660' | 'squashfs';
  /** Empty when it has none. */
  readonly label: string;
  readonly uuid?: string;
  readonly root: MediaNode;
  /** The entries of a directory. @throws FactoryError `verification` when they cannot be read */
  children(directory: MediaNode): Promise<readonly MediaNode[]>;
  /** The content of a file. @throws FactoryError `verification` when it cannot be read */
  open(file: MediaNode): Promise<ByteView>;
}

/** Most bytes of one directory. */
export const DIRECTORY_LIMIT = 64 * 1024 * 1024;
