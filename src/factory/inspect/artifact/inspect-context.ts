import type { DockerDaemon } from '../../engine/docker/daemon.ts';
import type { ImageSource } from '../../inputs/base/image-source.ts';
import type { RegistryAccess } from '../../inputs/base/resolve-image.ts';
import type { Runner } from '../../tools/runner.ts';
import type { AgentParts } from '../sbom/agent-parts.ts';

/** The services for reading an artifact. */
export interface InspectContext {
  readonly runner: Runner;
  readonly images: ImageSource;
  readonly access: RegistryAccess;
  /** The Docker daemon, for references to its images. */
  readonly daemon: () => Promise<DockerDaemon>;
  /** Architecture to choose from a multi-architecture image; that of this machine when absent. */
  readonly arch: string | undefined;
  /** Whether to read the layers of an image in a registry, which downloads them. */
  readonly content: boolean;
  /** The agents of this factory. */
  readonly agents: readonly AgentParts[];
  /** A directory for temporary files, which the caller removes. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}
