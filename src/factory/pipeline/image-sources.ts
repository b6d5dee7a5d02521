import type { RegistrySettings } from '../config/registries.ts';
import type { ArtifactsSpec } from '../config/schema.ts';
import { createBlobCache } from '../inputs/base/blob-cache.ts';
import { createImageSource, type ImageSource } from '../inputs/base/image-source.ts';
import type { BuildOptions } from './build-options.ts';
import type { Session } from './session.ts';

type RegistrySession = Pick<Session, 'runner' | 'signal'> & {
  readonly workspace: Pick<Session['workspace'], 'registry' | 'owner'>;
};

/** Options of {@link targetImages}. */
interface TargetImageOptions extends Pick<BuildOptions, 'locked' | 'offline' | 'emit'> {
  /** Whether to write the lock. */
  readonly mayWrite: boolean;
}

/** The registry images of a target, pinned by its lock. */
export function targetImages(
  session: RegistrySession,
  { registries, lockFile }: Pick<ArtifactsSpec, 'registries' | 'lockFile'>,
  { locked, offline, mayWrite, emit }: TargetImageOptions,
): ImageSource {
  const notice = (text: string) => emit({ type: 'notice', text });
  return createImageSource({ ...places(session, registries), lockFile, locked, offline, mayWrite, notice });
}

/** Registry images without a lock, for commands that only read. */
export function unlockedImages(
  session: RegistrySession,
  { registries = [], offline = false }: { registries?: readonly RegistrySettings[]; offline?: boolean } = {},
): ImageSource {
  const options = { lockFile: undefined, locked: false, mayWrite: false, notice: () => undefined };
  return createImageSource({ ...places(session, registries), ...options, offline });
}

function places({ runner, workspace, signal }: RegistrySession, registries: readonly RegistrySettings[]) {
  return {
    access: { runner, registries, env: process.env, signal },
    cache: createBlobCache(workspace.registry, workspace.owner),
  };
}
