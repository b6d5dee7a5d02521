import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';

/** Upstream's kairos-init, as a build runs it. */
export interface KairosInit {
  /** Path of the executable. */
  readonly program: string;
  /** The identity that the image gets. */
  readonly image: ImageIdentity;
  /** The version that it must report; not checked when absent. */
  readonly version: string | undefined;
}

/** Path of the executable in upstream's images. */
export const KAIROS_INIT_PATH = '/kairos-init';

/**
 * The arguments of `kairos-init` for one of its two stages (docs/contract.md 6.1). A Kubernetes distribution is passed as
 * a provider, which makes the image's variant `standard`.
 */
export function kairosInitArguments(stage: 'install' | 'init', identity: ImageIdentity): string[] {
  const { version, model, software } = identity;
  return [
    '--stage',
    stage,
    '--version',
    version,
    '--model',
    model,
    ...(software === undefined
      ? []
      : ['--provider', software.prefix, `--provider-${software.prefix}-version`, software.version]),
  ];
}
