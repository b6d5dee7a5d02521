import { relative } from 'node:path';
import type { BuildSpec } from '../config/schema.ts';
import { rememberPackages } from '../inputs/lock/packages.ts';
import type { BuildEnvironment } from './build-environment.ts';
import type { BuildEvent } from './events.ts';
import type { Results } from './step.ts';
import { osImageFacts } from './steps/os-image-facts.ts';

/** Options of {@link recordPackages}. */
export interface RecordOptions extends Pick<BuildSpec, 'lockFile'> {
  readonly results: Results;
  readonly emit: (event: BuildEvent) => void;
}

/**
 * Writes the packages of a finished build into the lock, and emits a notice about changes. With `--locked`, the packages
 * already match the lock.
 * @throws FactoryError `usage` when the lock cannot be written
 */
export async function recordPackages(
  { locked, epoch }: Pick<BuildEnvironment, 'locked' | 'epoch'>,
  { lockFile, results, emit }: RecordOptions,
): Promise<void> {
  const { facts, packages } = osImageFacts(results);
  if (locked || packages === undefined) return;
  const changes = await rememberPackages(lockFile, packages.lockName, {
    // A time that the user set says nothing about the archive.
    ...(epoch === undefined
      ? { archive: new Date(facts.epoch * 1000).toISOString().replace('.000Z', 'Z') }
      : {}),
    installed: { ...packages.installed },
  });
  if (changes.length === 0) return;
  const count = `${changes.length} package${changes.length === 1 ? '' : 's'}`;
  const name = relative(process.cwd(), lockFile);
  emit({ type: 'notice', text: `${packages.lockName}: ${count} changed in ${name} since the last build` });
}
