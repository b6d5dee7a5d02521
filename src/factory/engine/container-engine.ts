import type { Readable } from 'node:stream';
import type { RegistryCaches } from '../config/buildkit.ts';

/** An image file that an engine can load. */
export type ImageFile =
  | { readonly kind: 'oci'; readonly path: string; readonly tag: string | undefined }
  | { readonly kind: 'docker-archive'; readonly path: string };

/**
 * A working copy of an image, open as a directory. Disposing of it removes the copy. The copy of a committed image may be
 * shared: change nothing in it but the mode and time of the root directory.
 */
export interface OpenImage extends AsyncDisposable {
  /** The root of the tree. */
  readonly root: string;
  /** Stores the working copy as an image under `name`, where it survives a power cut. The copy may be unusable afterwards. */
  commit(name: string): Promise<void>;
}

/** Options of an image build. */
export interface ImageBuildOptions {
  /** Called at the start of every instruction. */
  readonly onStep: (text: string) => void;
  /** Called with each line that the programs of the build print. */
  readonly onOutput?: ((line: string) => void) | undefined;
  /** Whether the engine may reuse cached results of instructions. */
  readonly useCache: boolean;
  /** Whether programs of the build run without a network. */
  readonly offline?: boolean;
  /** Whether another Containerfile will start from the image. */
  readonly isBase?: boolean;
  /** The architecture of the base and of the image; the host's when absent. */
  readonly arch?: string;
  /** Registries that keep the layers of builds, for an engine that uses some. */
  readonly caches?: RegistryCaches;
}

/** A shell in the root of an image, for a person at a terminal. */
export interface RootShell {
  /** What the root is, for people: a noun phrase. */
  readonly what: string;
  /** Opens the shell on this terminal, and waits until it ends. */
  open(): Promise<void>;
}

/** Builds and stores container images. Every method throws FactoryError of kind `step` when the engine fails. */
export interface ContainerEngine {
  readonly name: string;
  /**
   * Returns names and versions of the underlying programs, for the log.
   * @throws FactoryError `tool` when it cannot be used
   */
  describe(): Promise<Readonly<Record<string, string>>>;
  /**
   * Checks that builds can run programs of an architecture; absent for an engine that runs them on this machine.
   * @throws FactoryError `tool` when they cannot
   */
  requireArch?(arch: string): Promise<void>;
  has(image: string): Promise<boolean>;
  /**
   * Loads an image file into the store under `image`, where it survives a power cut.
   * @param arch selects the image of a file for several architectures; the host's when absent
   */
  load(file: ImageFile, image: string, arch?: string): Promise<void>;
  /** Tags an image of the daemon; absent for an engine without a daemon. */
  adopt?(id: string, image: string): Promise<void>;
  /**
   * Registers an image name that only this run needs.
   * @returns removes the image from stores that are not our own when disposed of; works after cancellation, and does not fail
   */
  transient(image: string): Promise<AsyncDisposable>;
  /**
   * Builds the `Containerfile` of a context and stores the result under `image`.
   * @param context a tar stream
   */
  build(context: Readable, image: string, options: ImageBuildOptions): Promise<void>;
  open(image: string): Promise<OpenImage>;
  /** The root of the last build; of one that failed, as its last instruction left it. Absent for an engine that keeps none. */
  lastRoot?(): Promise<RootShell | undefined>;
  /**
   * Waits until the images in our own store are on the disk. An image that `load` or `commit` has stored already is; what
   * else a build leaves, such as its cache, is not.
   */
  sync(): Promise<void>;
  /** Removes the leftovers of interrupted runs; works after cancellation. */
  sweep(): Promise<void>;
}
