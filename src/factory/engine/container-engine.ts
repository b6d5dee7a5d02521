import type { Readable } from 'node:stream';

/** An image file that an engine can load. */
export type ImageFile =
  | { readonly kind: 'oci'; readonly path: string; readonly tag: string | undefined }
  | { readonly kind: 'docker-archive'; readonly path: string };

/**
 * A working copy of an image, open as a directory. Disposing of it removes the copy. Of an image that was committed, it
 * may be the one copy that all share: nothing but the root directory's own mode and time may be changed in that.
 */
export interface OpenImage extends AsyncDisposable {
  /** The root of the tree. */
  readonly root: string;
  /** Keeps the working copy as an image under `name`. It may be the end of the copy. */
  commit(name: string): Promise<void>;
}

/** How an image is built. */
export interface ImageBuildOptions {
  /** Called with every instruction that begins. */
  readonly onStep: (text: string) => void;
  /** Whether instructions that ran before may be taken from the engine's cache. */
  readonly useCache: boolean;
  /** Whether programs of the build are to have no network. */
  readonly offline?: boolean;
  /** Whether another Containerfile is to begin with the image. */
  readonly isBase?: boolean;
  /** The architecture of the base and of the image; the machine's own when absent. */
  readonly arch?: string;
}

/** What builds and holds container images. Every method throws FactoryError of kind `step` when the engine fails. */
export interface ContainerEngine {
  readonly name: string;
  /**
   * Names and versions of what is behind it, for the log.
   * @throws FactoryError `tool` when it cannot be used
   */
  describe(): Promise<Readonly<Record<string, string>>>;
  has(image: string): Promise<boolean>;
  /**
   * Takes an image file into the store under `image`.
   * @param arch which image, of a file that has them for several architectures; the machine's own when absent
   */
  load(file: ImageFile, image: string, arch?: string): Promise<void>;
  /** Gives an image of the daemon behind this engine a name; absent where there is no daemon. */
  adopt?(id: string, image: string): Promise<void>;
  /**
   * Announces a name that a run needs for itself alone.
   * @returns what removes it from the places that are not our own; that works after cancellation too, and does not fail
   */
  transient(image: string): Promise<AsyncDisposable>;
  /**
   * Builds the `Containerfile` of a context under `image`.
   * @param context a tar stream
   */
  build(context: Readable, image: string, options: ImageBuildOptions): Promise<void>;
  open(image: string): Promise<OpenImage>;
  /** Removes what interrupted runs left behind; works after cancellation too. */
  sweep(): Promise<void>;
}
