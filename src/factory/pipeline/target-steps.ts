import { chooseFlavor } from '../catalog/flavors/choose.ts';
import type { Flavor } from '../catalog/flavors/schema.ts';
import { requireSnapshots } from '../catalog/flavors/snapshot.ts';
import { requireBoard } from '../catalog/models/board.ts';
import { loadModel } from '../catalog/models/load.ts';
import { parseBaseReference } from '../config/base-reference.ts';
import type { BuildSpec } from '../config/schema.ts';
import { requireRunnable } from '../engine/foreign-arch.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { bootstrappedArches } from './build-references.ts';
import { archesOf } from './common-choices.ts';
import type { EngineSession } from './engine-session.ts';
import { artifactsGraph, buildGraph } from './graph.ts';
import { compiledAgent } from './project-files.ts';
import type { Step } from './step.ts';
import type { Target } from './target.ts';

/**
 * Returns the steps of a target.
 * @throws FactoryError `usage` for a flavor, a board or a reference that does not exist or does not fit
 */
export async function targetSteps(
  env: BuildEnvironment,
  target: Target,
  signal: AbortSignal,
): Promise<Step[]> {
  if (target.image === undefined) return buildSteps(env, target.spec, signal);
  return artifactsGraph(
    env,
    { spec: target.spec, image: parseBaseReference(target.image, process.cwd()) },
    signal,
  );
}

/** Returns the steps of a build from a base. @throws FactoryError `usage` as documented at `targetSteps` */
export async function buildSteps(
  env: BuildEnvironment,
  spec: BuildSpec,
  signal: AbortSignal,
): Promise<Step[]> {
  const flavor = await chooseFlavor(env.flavors, spec.flavor);
  const model = await loadModel(env.models, spec.model);
  if (flavor.named !== undefined) requireBoard(model, flavor.named.flavor, spec.arch);
  // Reported before the base is fetched, where the flavor is known.
  if (
    flavor.named !== undefined &&
    spec.snapshot !== undefined &&
    !hasKernelSnapshot(spec, flavor.named.flavor)
  )
    requireSnapshots(flavor.named.flavor);
  return buildGraph(env, { spec, choice: flavor, model }, signal);
}

/** Whether the snapshot is of the kernel's root: a flavor that installs nothing has packages from nowhere else. */
function hasKernelSnapshot({ kernelFrom }: BuildSpec, flavor: Flavor): boolean {
  return flavor['package-manager'] === 'none' && /^bootstrap:/.test(kernelFrom ?? '');
}

/**
 * Checks that images for other architectures can be built, before their bases take minutes.
 * @throws FactoryError `tool` when the programs of one cannot run, or its agent is not built
 */
export async function requireArches(
  targets: readonly Target[],
  { engine, runner, workspace }: Pick<EngineSession, 'engine' | 'runner' | 'workspace'>,
): Promise<void> {
  const arches = archesOf(targets);
  const here = engine.requireArch === undefined ? arches : await bootstrappedArches(targets);
  for (const arch of arches) await engine.requireArch?.(arch);
  for (const arch of here) await requireRunnable(runner, arch, workspace.work);
  for (const arch of arches) compiledAgent(arch);
}
