import { Command, Option } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { shownPath } from '../../../common/text/shown-path.ts';
import { type BaseReference, parseBaseReference } from '../../config/base-reference.ts';
import type { BuildTarget } from '../../config/build-spec.ts';
import { loadLockSpec } from '../../config/command-specs.ts';
import { type LockChange, lockImages, type WantedImage } from '../../inputs/base/lock-images.ts';
import { readLock } from '../../inputs/lock/lock-file.ts';
import { formatPackageChange } from '../../inputs/lock/package-changes.ts';
import { buildReferences } from '../../pipeline/build-references.ts';
import { lockPackages, type PackageLockChange } from '../../pipeline/lock-packages.ts';
import { FLAVORS } from '../../pipeline/project-files.ts';
import { createRunner } from '../../tools/runner.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { GROUPS } from '../option-groups.ts';
import { rememberLog } from '../render-error.ts';
import { createProgressRenderer } from '../render-progress.ts';
import { report } from '../say.ts';
import { ranInUserNamespace } from '../user-namespace.ts';
import { warn } from '../warn.ts';

/** `kairos-factory lock`: writes the digests of image references, and the packages of builds, to the lock file. */
export function lockCommand() {
  return new Command('lock')
    .optionsGroup(GROUPS.run)
    .option('--update', 'renew locked entries from the registries, and locked packages from the archives')
    .option('--packages', 'build the OS images, and lock their packages')
    .optionsGroup(GROUPS.system)
    .option('--flavor <name>', 'the distribution')
    .option('--base <ref>', 'base image, as for build')
    .option('--kernel <name>', 'a kernel choice of the flavor, as for build')
    .option('--snapshot <date>', 'install packages as of this date, as for build')
    .addOption(
      new Option('--image <ref>', 'another image to lock, as for artifacts; repeatable').argParser(
        (value: string, before: string[] | undefined) => [...(before ?? []), value],
      ),
    )
    .addOption(ARTIFACT_OPTIONS.lockFile)
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .action(async (options) => {
      const { flavor, base, kernel, snapshot } = options;
      const flags = { flavor, base, kernel, snapshot, 'lock-file': options.lockFile };
      const sources = { ...configurationFile(options.config), set: options.set ?? [], flags };
      const { builds, arch, registries, lockFile } = await loadLockSpec(sources);
      const named = (options.image ?? []).map((text) => parseBaseReference(text, process.cwd()));
      const wanted = [...wantedImages(named, arch), ...(await imagesOf(builds))];
      const update = options.update ?? false;
      // Locked packages are renewed. Locking them for the first time needs --packages, because it builds.
      const hasPackages = Object.keys(readLock(lockFile).packages).length > 0;
      const withPackages = options.packages || (update && hasPackages && builds.length > 0);
      if (withPackages && builds.length === 0) throw nothingToBuild();
      if (update && hasPackages && !withPackages)
        warn('the packages in the lock file are unchanged, because there is nothing to build');
      if (withPackages && (await ranInUserNamespace())) return;
      const isAsked = builds.length > 0 || named.length > 0;
      const { signal } = new AbortController();
      const runner = createRunner({ signal, log: () => undefined, env: process.env });
      const request = { file: lockFile, wanted: isAsked ? wanted : undefined, update };
      const changes = await lockImages({ runner, registries, env: process.env }, request, warn);
      const packages = withPackages ? await lockedPackages(builds, lockFile) : [];
      report(renderChanges(changes, packages, shownPath(lockFile)));
    });
}

async function imagesOf(builds: readonly BuildTarget[]): Promise<WantedImage[]> {
  const images: WantedImage[] = [];
  for (const { spec } of builds)
    images.push(...wantedImages(await buildReferences(FLAVORS, spec), spec.arch));
  return images;
}

async function lockedPackages(
  builds: readonly BuildTarget[],
  lockFile: string,
): Promise<PackageLockChange[]> {
  const show = createProgressRenderer(process.stderr);
  const options = { onLog: rememberLog, emit: show.onEvent };
  return lockPackages(builds, lockFile, options).finally(() => show.close());
}

/** The images that can be locked: those in registries. */
function wantedImages(references: readonly BaseReference[], arch: string): WantedImage[] {
  return references.flatMap((reference) =>
    reference.kind === 'docker' ? [{ image: reference.image, arch }] : [],
  );
}

function nothingToBuild(): FactoryError {
  return new FactoryError('OPTION_MISSING', 'locking packages needs a build, but there is nothing to build', {
    remedy: 'Give a flavor or a base, or run in the directory of the configuration file.',
  });
}

function renderChanges(
  changes: readonly LockChange[],
  packages: readonly PackageLockChange[],
  file: string,
): string {
  if (changes.length + packages.length === 0)
    return 'Nothing to lock: the build uses no image from a registry.\n';
  const lines = changes.map(({ reference, before, after }) => {
    if (after === undefined) return `dropped   ${reference}`;
    if (before === undefined) return `locked    ${reference}  ${after}`;
    return before === after
      ? `unchanged ${reference}  ${after}`
      : `renewed   ${reference}  ${before} -> ${after}`;
  });
  for (const { name, isNew, changes: changed } of packages) {
    lines.push(`${isNew ? 'locked   ' : changed.length > 0 ? 'renewed  ' : 'unchanged'} packages of ${name}`);
    lines.push(...changed.map((change) => `  ${formatPackageChange(change)}`));
  }
  return `${lines.join('\n')}\n${file}\n`;
}
