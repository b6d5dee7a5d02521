import type { HttpFetch } from '../../common/host/http-fetch.ts';
import type { ContainerEngine } from '../engine/container-engine.ts';
import type { DockerDaemon } from '../engine/docker/daemon.ts';
import type { ImageSource } from '../inputs/base/image-source.ts';
import type { Runner } from '../tools/runner.ts';

/** What the steps of a target share, made once at the edge. Each step names the parts that it takes. */
export interface BuildEnvironment {
  readonly engine: ContainerEngine;
  /** The Docker daemon, for references to its images. @throws FactoryError when it cannot be used */
  readonly daemon: () => Promise<DockerDaemon>;
  readonly runner: Runner;
  readonly images: ImageSource;
  /** Whether an image may have no packages but those of the lock. */
  readonly locked: boolean;
  /** Name of the target among several. */
  readonly target?: string | undefined;
  /** Whether nothing may be fetched. */
  readonly offline: boolean;
  /** Directories of the project's data. */
  readonly templates: string;
  readonly flavors: string;
  readonly models: string;
  /** Name and version of this tool. */
  readonly tool: string;
  /** The compiled agent for an architecture: a file. @throws FactoryError `tool` when it was not built */
  readonly agent: (arch: string, libc?: 'glibc' | 'musl') => string;
  /** Directory of the compiled agents, and of what was compiled into each. */
  readonly agents: string;
  /** The person's environment variables. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Directory where digests of large files are remembered. */
  readonly digests: string;
  /** Directory where downloads are kept. */
  readonly downloads: string;
  /** The way to the network. */
  readonly fetch: HttpFetch;
  /** Directory for short-lived files. */
  readonly work: string;
  /** Path of the unfinished form of a file in the output directory. */
  readonly partial: (name: string) => string;
  /** Whether the engine may use what it built before. */
  readonly useCache: boolean;
  /** `SOURCE_DATE_EPOCH`, if the person set it. */
  readonly epoch: string | undefined;
}

/** What identifying the content of a reference takes. */
export type ReferenceEnvironment = Pick<BuildEnvironment, 'digests' | 'images' | 'daemon'>;

/** What taking an image into the engine takes. */
export type ImportEnvironment = ReferenceEnvironment & Pick<BuildEnvironment, 'engine'>;
