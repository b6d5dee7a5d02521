import { relative } from 'node:path';
import { Command, Option } from '@commander-js/extra-typings';
import { type LockChange, lockImages, type WantedImage } from '../../base/lock-images.ts';
import { parseReference, type Reference } from '../../base/reference.ts';
import { buildReferences } from '../../pipeline/build-references.ts';
import { FLAVORS } from '../../pipeline/session.ts';
import { loadLockSpec } from '../../spec/build-spec.ts';
import { createRunner } from '../../tools/runner.ts';
import { ARTIFACT_OPTIONS, configurationFile } from '../artifact-options.ts';
import { warn } from '../warn.ts';

/** `kairos-factory lock`: what image references stand for → the lock file. */
export function lockCommand() {
  return new Command('lock')
    .description('write down what the image references of a build stand for')
    .option('--update', 'ask the registries anew for what is locked already')
    .option('--flavor <name>', 'the distribution')
    .option('--base <ref>', 'base image, as for build')
    .addOption(
      new Option('--image <ref>', 'another image to lock, as for artifacts; repeatable').argParser(
        (value: string, before: string[] | undefined) => [...(before ?? []), value],
      ),
    )
    .addOption(ARTIFACT_OPTIONS.lockFile)
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .action(async (options) => {
      const flags = { flavor: options.flavor, base: options.base, 'lock-file': options.lockFile };
      const sources = { ...configurationFile(options.config), set: options.set ?? [], flags };
      const { builds, arch, registries, lockFile } = await loadLockSpec(sources);
      const named = (options.image ?? []).map((text) => parseReference(text, process.cwd()));
      const wanted = wantedImages(named, arch);
      for (const build of builds)
        wanted.push(...wantedImages(await buildReferences(FLAVORS, build), build.arch));
      const isAsked = builds.length > 0 || named.length > 0;
      const { signal } = new AbortController();
      const runner = createRunner({ signal, log: () => undefined, env: process.env });
      const request = {
        file: lockFile,
        wanted: isAsked ? wanted : undefined,
        update: options.update ?? false,
      };
      const changes = await lockImages({ runner, registries, env: process.env }, request, warn);
      process.stdout.write(renderChanges(changes, relative(process.cwd(), lockFile)));
    });
}

/** Only images of registries can be locked: files are what they are, and packages are not pinned yet. */
function wantedImages(references: readonly Reference[], arch: string): WantedImage[] {
  return references.flatMap((reference) =>
    reference.kind === 'docker' ? [{ image: reference.image, arch }] : [],
  );
}

function renderChanges(changes: readonly LockChange[], file: string): string {
  if (changes.length === 0) return 'Nothing to lock: no image of a registry is used.\n';
  const lines = changes.map(({ reference, before, after }) => {
    if (after === undefined) return `dropped   ${reference}`;
    if (before === undefined) return `locked    ${reference}  ${after}`;
    return before === after
      ? `unchanged ${reference}  ${after}`
      : `renewed   ${reference}  ${before} -> ${after}`;
  });
  return `${lines.join('\n')}\n${file}\n`;
}
