import type { DockerDaemon } from '../../engine/docker/daemon.ts';
import type { ImageSource } from '../../inputs/base/image-source.ts';
import type { Runner } from '../../tools/runner.ts';

/** The services for reading the content of a subject. */
export interface ContentsContext {
  readonly runner: Runner;
  readonly images: ImageSource;
  /** The Docker daemon, for references to its images. */
  readonly daemon: () => Promise<DockerDaemon>;
  /** Architecture to choose from a multi-architecture image; that of this machine when absent. */
  readonly arch: string | undefined;
  /** Creates an empty temporary directory. */
  readonly scratch: (name: string) => Promise<string>;
  readonly signal: AbortSignal;
}

/** The name of the tree with the operating system's root filesystem, in any kind of subject. */
export const ROOTFS = 'rootfs';

/** A directory with unpacked files. */
export interface UnpackedTree {
  readonly directory: string;
  /**
   * Whether it lacks the properties that debugfs does not copy from an ext filesystem: extended attributes, hard links, and
   * times of symbolic links and of the root.
   */
  readonly isPartial: boolean;
}

/** A tree that was unpacked with all properties. */
export function completeTree(directory: string): UnpackedTree {
  return { directory, isPartial: false };
}
