import { existsSync } from 'node:fs';
import { changeLock, type Lock, readLock } from '../inputs/lock/lock-file.ts';
import { comparePackages, type PackageChange } from '../inputs/lock/package-changes.ts';
import {
  type BuildOptions,
  buildSteps,
  environment,
  imageSource,
  planContext,
  requireArch,
  sessionOf,
} from './build.ts';
import type { NamedBuild } from './build-targets.ts';
import { recordPackages } from './record-packages.ts';
import { runSteps } from './run-plan.ts';
import { withSession } from './session.ts';
import { resultOf } from './step.ts';
import { osImageFacts } from './steps/image-step.ts';

/** What became of the packages of a build. */
export interface PackageLockChange {
  /** The build, as the lock names it. */
  readonly name: string;
  /** Whether the lock had something before. */
  readonly isNew: boolean;
  readonly changes: readonly PackageChange[];
}

/**
 * Finds out which packages builds have now, and writes that into their lock. Only a package manager knows, so the OS images
 * are built, from what the archives have today, without artifacts. What the lock has for other builds goes.
 * @throws FactoryError as `runJob` does; the lock then has what was done until then
 */
export async function lockPackages(
  builds: readonly (Omit<NamedBuild, 'name'> & { readonly name: string | undefined })[],
  lockFile: string,
  options: Omit<BuildOptions, 'useCache' | 'locked' | 'offline'>,
): Promise<PackageLockChange[]> {
  const before = readLock(lockFile);
  const done: PackageLockChange[] = [];
  await withSession(
    async (session) => {
      options.onLog(session.workspace.log);
      for (const { name, spec: whole } of builds) {
        const spec = { ...whole, artifacts: [], lockFile };
        await requireArch(spec.arch, session);
        const how = { ...options, useCache: false, locked: false, offline: false };
        const env = environment(session, how, imageSource(session, spec, how, true), (file) => file, name);
        const all = await buildSteps(env, spec, session);
        // Nothing is made from the image: no artifacts, and no documents, which lie beside them.
        const steps = all.slice(0, all.findIndex(({ id }) => id === 'image') + 1);
        const { results } = await runSteps(steps, { ...planContext(session, how), cancel: session.cancel });
        const { packages } = osImageFacts(resultOf(results, 'image'));
        recordPackages(env, spec, results, () => undefined);
        if (packages === undefined) continue;
        const old = before.packages[packages.lockName];
        done.push({
          name: packages.lockName,
          isNew: old === undefined,
          changes: old === undefined ? [] : comparePackages(old.installed, packages.installed),
        });
      }
    },
    sessionOf(builds.map(({ spec }) => spec)),
  );
  if (existsSync(lockFile))
    changeLock(lockFile, (lock) => keepOnly(lock, new Set(done.map(({ name }) => name))));
  return done;
}

function keepOnly(lock: Lock, names: ReadonlySet<string>): Lock {
  const packages = Object.entries(lock.packages).filter(([name]) => names.has(name));
  return { ...lock, packages: Object.fromEntries(packages) };
}
