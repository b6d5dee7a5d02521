import type { BuildEnvironment } from './build-environment.ts';
import type { BuildOptions } from './build-options.ts';
import type { GroupSession } from './engine-session.ts';
import type { Group } from './group.ts';
import { targetImages } from './image-sources.ts';
import type { Target } from './target.ts';
import { targetEnvironment } from './target-environment.ts';
import { targetSteps } from './target-steps.ts';
import type { OutputDirectory } from './workspace.ts';

/** The steps of a target, with the target and its environment. */
export interface TargetGroup extends Group {
  readonly target: Target;
  readonly env: BuildEnvironment;
}

/** Options of {@link openGroups}. */
export interface GroupOptions {
  readonly session: GroupSession;
  readonly options: BuildOptions;
  /** The output directory of each target; without one, nothing is written, not even the lock. */
  readonly outputs?: ReadonlyMap<Target, OutputDirectory>;
}

/**
 * Creates the steps of each target.
 * @throws FactoryError as documented at `targetSteps`
 */
export function openGroups(
  targets: readonly Target[],
  { session, options, outputs = new Map() }: GroupOptions,
): Promise<TargetGroup[]> {
  return Promise.all(
    targets.map(async (target) => {
      const { name, spec } = target;
      const output = outputs.get(target);
      // Each target has its own image source, because its manifest lists only its own images.
      const images = targetImages(session, spec, { ...options, mayWrite: output !== undefined });
      const partial = output?.partial ?? ((file: string) => file);
      const parts = { images, partial, target: name, caches: spec.buildkit };
      const env = targetEnvironment(session, options, parts);
      return { name, target, env, steps: await targetSteps(env, target, session.signal) };
    }),
  );
}
