import type { Arch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { subordinateIds } from '../engine/subordinate-ids.ts';
import { type MachineContext, tryEngine } from '../machine/engine-check.ts';
import { toolFaults } from '../tools/check-tool.ts';
import { type Fault, joinFaults } from '../tools/join-faults.ts';
import { createRunner } from '../tools/runner.ts';
import { archesOf, buildkitOf, engineOf } from './common-choices.ts';
import { machineNeeds } from './machine-needs.ts';
import { compiledAgent } from './project-files.ts';
import type { Target } from './target.ts';
import { cacheDirectory } from './workspace.ts';

/**
 * Runs a command whose start may fail because the machine lacks something. Then everything else is looked at too, so that one
 * message names all of it.
 * @param run calls `ready` when its checks of the machine are done: later errors are passed on as they are
 */
export async function withAllFaults<T>(
  targets: readonly Target[],
  run: (ready: () => void) => Promise<T>,
): Promise<T> {
  let isReady = false;
  try {
    return await run(() => {
      isReady = true;
    });
  } catch (error) {
    if (isReady || !(error instanceof FactoryError) || error.kind !== 'tool') throw error;
    throw await withOtherFaults(error, targets);
  }
}

/** An error that also names what else the machine lacks for some targets. */
export async function withOtherFaults(
  error: FactoryError,
  targets: readonly Target[],
): Promise<FactoryError> {
  const { signal } = new AbortController();
  const runner = createRunner({ signal, log: () => undefined, env: process.env });
  // This error is still true if nothing else can be looked at.
  const others = await machineFaults(targets, { runner, signal, env: process.env }).catch(() => []);
  return joinFaults([...others.filter((fault) => fault.error.message !== error.message), own(error, others)]);
}

/** The error as a fault, with its tool if another look has found the same. */
function own(error: FactoryError, others: readonly Fault[]): Fault {
  return others.find((fault) => fault.error.message === error.message) ?? { error };
}

/** Everything that a machine lacks for some targets and that their build would fail with. */
async function machineFaults(targets: readonly Target[], context: MachineContext): Promise<Fault[]> {
  const { tools } = await machineNeeds(targets, context, cacheDirectory(context.env));
  const buildkit = buildkitOf(targets);
  const tried = await tryEngine(engineOf(targets) ?? 'auto', { ...context, buildkit });
  return [
    ...('fault' in tried ? [tried.fault] : []),
    ...(await toolFaults(context.runner, new Set(tools.map(({ tool }) => tool)))),
    ...(await idFaults()),
    ...[...archesOf(targets)].flatMap(agentFault),
  ];
}

async function idFaults(): Promise<Fault[]> {
  if (process.getuid?.() === 0) return [];
  const found = ['/etc/subuid', '/etc/subgid'].map((file) =>
    subordinateIds(file).then(
      () => [],
      (error: unknown) => (error instanceof FactoryError ? [{ error }] : []),
    ),
  );
  return (await Promise.all(found)).flat();
}

function agentFault(arch: Arch): Fault[] {
  try {
    compiledAgent(arch);
    return [];
  } catch (error) {
    return error instanceof FactoryError ? [{ error }] : [];
  }
}
