import { existsSync } from 'node:fs';
import type { BuildTarget } from '../config/build-spec.ts';
import { changeLock, type Lock, readLock } from '../inputs/lock/lock-file.ts';
import { comparePackages, type PackageChange } from '../inputs/lock/package-changes.ts';
import type { BuildOptions } from './build-options.ts';
import { withEngine } from './engine-session.ts';
import { targetImages } from './image-sources.ts';
import { builtPackages, recordPackages } from './record-packages.ts';
import { sessionOptions } from './run-targets.ts';
import { createScheduler, requireResults } from './scheduler.ts';
import { IMAGE_STEP } from './steps/os-image-facts.ts';
import { schedulerContext, targetEnvironment } from './target-environment.ts';
import { buildSteps, requireArches } from './target-steps.ts';

/** The change of a build's packages in the lock. */
export interface PackageLockChange {
  /** Name of the build in the lock. */
  readonly name: string;
  /** Whether the lock had no packages of this build before. */
  readonly isNew: boolean;
  readonly changes: readonly PackageChange[];
}

/**
 * Determines the current packages of builds and writes them into the lock. Only a package manager can resolve packages, so
 * this builds the OS images from the current archives, without artifacts. Removes the packages of other builds from the lock.
 * @throws FactoryError as documented at `runTargets`; the lock then contains the builds that succeeded
 */
export async function lockPackages(
  builds: readonly BuildTarget[],
  lockFile: string,
  options: Omit<BuildOptions, 'useCache' | 'locked' | 'offline'>,
): Promise<PackageLockChange[]> {
  const before = readLock(lockFile);
  const done: PackageLockChange[] = [];
  await withEngine(
    async (session) => {
      for (const { name, spec: whole } of builds) {
        const spec = { ...whole, artifacts: [], lockFile };
        await requireArches([{ name, spec }], session);
        const own = { ...options, useCache: false, locked: false, offline: false };
        const images = targetImages(session, spec, { ...own, mayWrite: true });
        const parts = { images, partial: (file: string) => file, target: name, caches: spec.buildkit };
        const env = targetEnvironment(session, own, parts);
        const all = await buildSteps(env, spec, session.signal);
        // Stop at the image: no artifacts and no documents.
        const steps = all.slice(0, all.findIndex(({ id }) => id === IMAGE_STEP.id) + 1);
        const run = createScheduler(schedulerContext(session, own));
        const results = requireResults(await run({ steps }), session.signal);
        await recordPackages(env, { lockFile, results, emit: () => undefined });
        for (const { lockName, packages } of builtPackages(env, results)) {
          const old = before.packages[lockName];
          done.push({
            name: lockName,
            isNew: old === undefined,
            changes: old === undefined ? [] : comparePackages(old.installed, packages.installed),
          });
        }
      }
    },
    sessionOptions(builds, options),
  );
  if (existsSync(lockFile))
    await changeLock(lockFile, (lock) => keepOnly(lock, new Set(done.map(({ name }) => name))));
  return done;
}

function keepOnly(lock: Lock, names: ReadonlySet<string>): Lock {
  const packages = Object.entries(lock.packages).filter(([name]) => names.has(name));
  return { ...lock, packages: Object.fromEntries(packages) };
}
