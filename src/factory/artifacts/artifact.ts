import type { Arch } from '../../common/contract/architectures.ts';
import type { ImageFacts } from '../../common/contract/image-facts.ts';
import type { BoardArguments } from '../../common/contract/kernel-command-line.ts';
import type { ArtifactKind } from '../config/artifact-kinds.ts';
import type { ArtifactsSpec } from '../config/schema.ts';
import type { OpenImage } from '../engine/container-engine.ts';
import type { HostTool } from '../tools/host-tool.ts';
import type { Runner } from '../tools/runner.ts';

/** Files and values that artifacts are built from. */
export interface ArtifactInputs {
  readonly facts: ImageFacts;
  /** Path of a named file of a step that the artifact needs. */
  readonly file: (step: string, name: string) => string;
  /** The digest of the result of a step that the artifact needs; of `checksum:KIND`, the sha256 of that artifact in hex. */
  readonly digest: (step: string) => string;
  /** Like `file`, for files that an image may lack. */
  readonly optionalFile: (step: string, name: string) => string | undefined;
  /** Opens the root filesystem of the OS image. */
  readonly openRoot: () => Promise<OpenImage>;
  readonly spec: ArtifactsSpec;
  readonly arch: Arch;
  /** Arguments that the image's board adds to the kernel command line. */
  readonly board: BoardArguments;
  readonly templates: string;
}

/** The services and paths for building an artifact. */
export interface ArtifactContext {
  readonly runner: Runner;
  /** An empty directory on the filesystem of the cache. */
  readonly scratch: string;
  /** The file or directory to write, under a temporary name; it is renamed when `make` is done. */
  readonly output: string;
  /** Path of the further file with this suffix, under a temporary name as `output`. */
  readonly companion: (suffix: string) => string;
  readonly notice: (text: string) => void;
  /** Receives the sha256 of the output, in hex, from an artifact that hashes while it writes: it is not read again. */
  readonly hashed: (sha256: string) => void;
  readonly signal: AbortSignal;
}

/** One kind of artifact: how it is built from the rootfs or other artifacts. */
export interface Artifact {
  readonly kind: ArtifactKind;
  /** Suffix of the file name. */
  readonly extension: string;
  /** Suffixes of the names of further files that it may have. */
  readonly companions?: readonly string[];
  /** Steps that it needs: parts of the rootfs, or `artifact:KIND`. */
  readonly needs: readonly string[];
  readonly tools: readonly HostTool[];
  /** The parts of the spec, other than `needs`, that affect its bytes: for the cache key. */
  readonly inputs: (spec: ArtifactsSpec, digests: SpecDigests) => unknown;
  readonly make: (inputs: ArtifactInputs, context: ArtifactContext) => Promise<void>;
}

/** Digests of the files and directories that a spec names, if any. */
export interface SpecDigests {
  readonly cloudConfig?: string;
  readonly overlayIso?: string;
}
