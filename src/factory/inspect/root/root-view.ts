/** A file of a root filesystem. */
export interface RootFile {
  /** Without a leading slash; decoded by `decodeFileName`. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Bytes of a file's content; 0 for a further hard link to a file that was listed before, and for anything else. */
  readonly size: number;
  /** Of a symbolic link. */
  readonly target?: string;
}

/** What was read of a root filesystem, wherever it was. */
export interface RootView {
  /** Every file; only those of the directories that were entered. */
  readonly files: readonly RootFile[];
  /** A directory on the host with the content of the selected files at their paths. What it links to may be missing. */
  readonly directory: string;
  /** SHA-256 in hex of the files that were hashed, by path. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Which files of a root to read. */
export interface RootSelection {
  /** Whether to list what is in a directory. */
  readonly enters: (path: string) => boolean;
  /** Whether to read the content of a file of this size, or to keep a directory or symbolic link. */
  readonly keeps: (path: string, size: number) => boolean;
  /** Whether to compute the SHA-256 of a file. */
  readonly hashes?: (path: string) => boolean;
}
