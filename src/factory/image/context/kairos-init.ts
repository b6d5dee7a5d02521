import type { ImageIdentity } from '../../../common/contract/kairos-release.ts';

/** Upstream's initializer, to be run in a build. */
export interface KairosInit {
  /** Its program: a file. */
  readonly program: string;
  /** What the image is to be. */
  readonly image: ImageIdentity;
  /** The version that it must say it is; not checked when absent. */
  readonly version: string | undefined;
}

/** Where the images of upstream hold the program. */
export const KAIROS_INIT_PATH = '/kairos-init';

/**
 * The arguments of `kairos-init` for one of its two stages (docs/contract.md 6.1). A Kubernetes distribution becomes a
 * provider, which makes the image's variant `standard`.
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
