import { type BuildSigner, openBuildSigner } from '../signing/sign-build.ts';
import type { BuildOptions } from './build-options.ts';
import type { EngineSession } from './engine-session.ts';
import type { Target } from './target.ts';
import { type OutputDirectory, openOutput } from './workspace.ts';

/** The open resources of the targets; disposal closes them. */
export interface Opened<T> extends AsyncDisposable {
  readonly opened: ReadonlyMap<Target, T>;
}

/** Opens the signers of the targets that are signed. @throws FactoryError as documented at `openBuildSigner` */
export function openSigners(
  targets: readonly Target[],
  { runner, signal, workspace }: EngineSession,
  { emit }: BuildOptions,
): Promise<Opened<BuildSigner>> {
  const notice = (text: string) => emit({ type: 'notice', text });
  const context = { runner, signal, work: workspace.work, env: process.env, notice };
  return openEach(targets, ({ spec }) => openBuildSigner(spec.sign, context));
}

/** Opens the output directories of the targets. @throws FactoryError as documented at `openOutput` */
export function openOutputs(targets: readonly Target[]): Promise<Opened<OutputDirectory>> {
  return openEach(targets, ({ spec }) => openOutput(spec.output));
}

/** Opens a resource for each target, one after the other. Closes all open ones if one cannot be opened. */
async function openEach<T extends { close(): Promise<void> }>(
  targets: readonly Target[],
  open: (target: Target) => Promise<T | undefined>,
): Promise<Opened<T>> {
  const opened = new Map<Target, T>();
  const close = async () => {
    for (const one of opened.values()) await one.close();
  };
  try {
    for (const target of targets) {
      const one = await open(target);
      if (one !== undefined) opened.set(target, one);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { opened, [Symbol.asyncDispose]: close };
}
