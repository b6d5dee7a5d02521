import type { Arch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { EngineChoice } from '../config/schema.ts';
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

/** The architectures that are built for. */
export function archesOf(targets: readonly Target[]): Set<Arch> {
  return new Set(targets.flatMap((target) => (target.image === undefined ? [target.spec.arch] : [])));
}
