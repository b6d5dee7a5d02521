import { shownPath } from '../../common/text/shown-path.ts';
import { utcTime } from '../../common/text/utc-time.ts';
import type { BuildSpec } from '../config/schema.ts';
import type { LockedPackages } from '../inputs/lock/lock-file.ts';
import { rememberPackages } from '../inputs/lock/packages.ts';
import type { BuildEnvironment } from './build-environment.ts';
import type { BuildEvent } from './events.ts';
import { findResult, type Results } from './step.ts';
import { KERNEL_STEP } from './steps/kernel-step.ts';
import { osImageFacts } from './steps/os-image-facts.ts';

/** Options of {@link recordPackages}. */
export interface RecordOptions extends Pick<BuildSpec, 'lockFile'> {
  readonly results: Results;
  readonly emit: (event: BuildEvent) => void;
}

/** Packages of a build, by their name in the lock. */
export interface BuiltPackages {
  readonly lockName: string;
  readonly packages: LockedPackages;
}

/** The packages that a build installed: in the image, and in the root that it bootstrapped for the kernel. */
export function builtPackages({ epoch }: Pick<BuildEnvironment, 'epoch'>, results: Results): BuiltPackages[] {
  const { facts, packages } = osImageFacts(results);
  const kernel = findResult(results, KERNEL_STEP)?.facts;
  // A time that the user set says nothing about the archive.
  const at = (time: number | undefined) =>
    epoch === undefined && time !== undefined ? { archive: utcTime(time) } : {};
  return [
    { found: packages, time: facts.epoch },
    { found: kernel?.packages, time: kernel?.archive?.date },
  ].flatMap(({ found, time }) =>
    found === undefined
      ? []
      : [{ lockName: found.lockName, packages: { ...at(time), installed: { ...found.installed } } }],
  );
}

/**
 * Writes the packages of a finished build into the lock, and emits a notice about changes. With `--locked`, the packages
 * already match the lock.
 * @throws FactoryError `usage` when the lock cannot be written
 */
export async function recordPackages(
  env: Pick<BuildEnvironment, 'locked' | 'epoch'>,
  { lockFile, results, emit }: RecordOptions,
): Promise<void> {
  if (env.locked) return;
  for (const { lockName, packages } of builtPackages(env, results)) {
    const changes = await rememberPackages(lockFile, lockName, packages);
    if (changes.length === 0) continue;
    const count = `${changes.length} package${changes.length === 1 ? '' : 's'}`;
    const name = shownPath(lockFile);
    emit({ type: 'notice', text: `${lockName}: ${count} changed in ${name} since the last build` });
  }
}
