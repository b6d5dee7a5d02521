import type { Arch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { BuildkitSpec } from '../config/buildkit.ts';
import type { EngineChoice } from '../config/engines.ts';
import type { Target } from './target.ts';

/** The engine of all targets. @throws FactoryError `usage` when targets name different engines */
export function engineOf(targets: readonly Target[]): EngineChoice | undefined {
  const [engine, ...others] = new Set(targets.map(({ spec }) => spec.engine));
  if (others.length === 0) return engine;
  throw new FactoryError(
    'TARGET_CONFLICT',
    `targets name different engines: ${[engine, ...others].join(', ')}`,
    {
      remedy: 'Set engine once, outside matrix and targets.',
    },
  );
}

/** The daemons of the engine `buildkit` of all targets. @throws FactoryError `usage` when targets name different ones */
export function buildkitOf(targets: readonly Target[]): BuildkitSpec | undefined {
  const all = targets.map(({ spec }) => spec.buildkit);
  // Caches may differ: each target has its own.
  const daemons = all.map(({ 'cache-to': _to, 'cache-from': _from, ...others }) => JSON.stringify(others));
  if (new Set(daemons).size <= 1) return all[0];
  throw new FactoryError('TARGET_CONFLICT', 'targets name different BuildKit daemons', {
    remedy: 'Set builders, tls and server-name of buildkit alike in all targets.',
  });
}

/** The architectures that are built for. */
export function archesOf(targets: readonly Target[]): Set<Arch> {
  return new Set(targets.flatMap((target) => (target.image === undefined ? [target.spec.arch] : [])));
}
