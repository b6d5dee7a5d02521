import type { HttpFetch } from '../../common/host/http-fetch.ts';
import type { ContainerEngine } from '../engine/container-engine.ts';
import type { DockerDaemon } from '../engine/docker/daemon.ts';
import type { Owner } from '../inputs/base/blob-cache.ts';
import type { ImageSource } from '../inputs/base/image-source.ts';
import type { Runner } from '../tools/runner.ts';

/** The shared environment of a target's steps. Each step names the parts that it uses. */
export interface BuildEnvironment {
  readonly engine: ContainerEngine;
  /** The Docker daemon, for references to its images. @throws FactoryError when it cannot be used */
  readonly daemon: () => Promise<DockerDaemon>;
  readonly runner: Runner;
  readonly images: ImageSource;
  /** Whether images may contain only the packages of the lock. */
  readonly locked: boolean;
  /** Name of the target; absent for a single target. */
  readonly target?: string | undefined;
  /** Whether fetching is forbidden. */
  readonly offline: boolean;
  /** Directories of the project's data files. */
  readonly templates: string;
  readonly flavors: string;
  readonly models: string;
  /** Name and version of this tool. */
  readonly tool: string;
  /** Returns the path of the compiled agent; its C library is beside it. @throws FactoryError `tool` when it was not built */
  readonly agent: (arch: string) => string;
  /** Directory of the compiled agents and of the lists of their components. */
  readonly agents: string;
  /** The user's environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Directory for remembered digests of large files. */
  readonly digests: string;
  /** Directory for downloads. */
  readonly downloads: string;
  /** Identifies the unfinished files of this run. */
  readonly owner: Owner;
  /** Network access. */
  readonly fetch: HttpFetch;
  /** Directory for short-lived files. */
  readonly work: string;
  /** Returns the temporary path of an unfinished output file. */
  readonly partial: (name: string) => string;
  /** Whether the engine may use its build cache. */
  readonly useCache: boolean;
  /** `SOURCE_DATE_EPOCH`, if the user set it. */
  readonly epoch: string | undefined;
}

/** The parts of the environment that identify the content of a reference. */
export type ReferenceEnvironment = Pick<BuildEnvironment, 'digests' | 'images' | 'daemon'>;

/** The parts of the environment that import an image into the engine. */
export type ImportEnvironment = ReferenceEnvironment & Pick<BuildEnvironment, 'engine'>;
