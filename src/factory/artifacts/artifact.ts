import type { Arch } from '../../common/contract/architectures.ts';
import type { ImageFacts } from '../../common/contract/image-facts.ts';
import type { BoardArguments } from '../../common/contract/kernel-command-line.ts';
import type { ArtifactKind, ArtifactsSpec } from '../config/schema.ts';
import type { OpenImage } from '../engine/container-engine.ts';
import type { HostTool } from '../tools/host-tool.ts';
import type { Runner } from '../tools/runner.ts';

/** Files and values that artifacts are made from. */
export interface ArtifactInputs {
  readonly facts: ImageFacts;
  /** Files by name, of the steps that the artifact needs. */
  readonly file: (step: string, name: string) => string;
  /** The same for files that an image may lack. */
  readonly optionalFile: (step: string, name: string) => string | undefined;
  /** Opens the root filesystem of the OS image. */
  readonly openRoot: () => Promise<OpenImage>;
  readonly spec: ArtifactsSpec;
  readonly arch: Arch;
  /** What the image's board adds to the command line of its kernel. */
  readonly board: BoardArguments;
  readonly templates: string;
}

/** What making an artifact may use. */
export interface ArtifactContext {
  readonly runner: Runner;
  /** An empty directory on the filesystem of the cache. */
  readonly scratch: string;
  /** The unfinished file, or directory, to write; it is put in place when `make` is done. */
  readonly output: string;
  readonly notice: (text: string) => void;
}

/** One kind of artifact: (rootfs or other artifacts, spec, tools) → file. */
export interface Artifact {
  readonly kind: ArtifactKind;
  /** Ending of the file name. */
  readonly extension: string;
  /** Steps that it needs: parts of the rootfs, or `artifact:KIND`. */
  readonly needs: readonly string[];
  readonly tools: readonly HostTool[];
  /** What of the spec, besides its needs, makes a difference to its bytes: for the cache key. */
  readonly inputs: (spec: ArtifactsSpec, digests: SpecDigests) => unknown;
  readonly make: (inputs: ArtifactInputs, context: ArtifactContext) => Promise<void>;
}

/** Digests of the files and directories that a spec names; absent where the spec names none. */
export interface SpecDigests {
  readonly cloudConfig?: string;
  readonly overlayIso?: string;
}
