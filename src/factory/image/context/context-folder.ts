import { FactoryError } from '../../../common/errors/factory-error.ts';
import { isScripted, kernelStage, recipe } from './containerfile.ts';
import type { ContextOptions } from './context-options.ts';
import type { ContextEntry } from './context-tar.ts';
import { programsOf, text } from './entry.ts';
import { ownEntries } from './own-entries.ts';
import { parseContainerfile } from './parse-containerfile.ts';
import type { CheckedContainerfile } from './user-containerfile.ts';

/** Directory of a context folder that holds our files; all beside it is the person's. */
export const FOLDER_HOME = '.kairos-factory';
/** Tells a folder of ours from others: what it was made by, and for which image. */
export const FOLDER_MARK = `${FOLDER_HOME}/context.json`;

/** Where another builder takes a root filesystem from. */
export type FolderSource =
  | {
      readonly kind: 'registry';
      /** `REGISTRY/NAME@sha256:…`: the manifest of the one platform. */
      readonly reference: string;
      /** The name that a person gave it, for people. */
      readonly name: string;
      readonly platform: string;
    }
  /** A tar of {@link rootTar} in the folder. */
  | { readonly kind: 'tar' };

/** Where all the images of a build come from in a folder. */
export interface FolderSources {
  readonly base: FolderSource;
  readonly kernel: FolderSource | undefined;
  /** In the order of the bundles. */
  readonly bundles: readonly FolderSource[];
}

/** Path of a root filesystem's tar in a folder. */
export function rootTar(root: 'base' | 'kernel' | number): string {
  return `${FOLDER_HOME}/${typeof root === 'number' ? `bundle-${root}` : root}.tar`;
}

const STAGE = { base: 'kairos-factory-base', kernel: 'kairos-factory-kernel-image', os: 'kairos-factory-os' };
const bundleStage = (index: number) => `kairos-factory-bundle-${index}`;
/** Where `seal.sh` leaves the image's root. */
const SEALED = '/kairos-sealed';

/** A person's Containerfile in a folder, with what it copies. */
export interface FolderContainerfile {
  readonly stage: 'before' | 'after';
  readonly checked: CheckedContainerfile;
  readonly entries: readonly ContextEntry[];
}

/**
 * One recipe for everything: the same instructions that a build runs, the person's own among them, and at the end what a
 * build does after its engine.
 */
export function renderFolderRecipe(
  options: ContextOptions,
  sources: FolderSources,
  own: FolderContainerfile | undefined,
): string {
  const { kernel, bundles } = options;
  const home = `${FOLDER_HOME}/`;
  const local = {
    ...options,
    ...(kernel ? { kernel: { ...kernel, image: STAGE.kernel } } : {}),
    ...(bundles
      ? { bundles: bundles.map((bundle, index) => ({ ...bundle, image: bundleStage(index) })) }
      : {}),
  };
  const before =
    own?.stage === 'before' ? own.checked.render(STAGE.base) : [`FROM ${STAGE.base} AS ${STAGE.os}`];
  const lines = [
    ...(own?.checked.directives ?? []),
    `# Made by ${options.tool}. "docker build ." or "buildah build ." gives the image.`,
    ...(own?.checked.globals ?? []),
    ...from(STAGE.base, sources.base, rootTar('base')),
    ...(sources.kernel === undefined ? [] : from(STAGE.kernel, sources.kernel, rootTar('kernel'))),
    ...sources.bundles.flatMap((source, index) => from(bundleStage(index), source, rootTar(index))),
    ...kernelStage(local, home),
    ...before,
    ...recipe(local, home),
    ...(own?.stage === 'after' ? own.checked.render(STAGE.os) : []),
  ];
  return [...lines, ...(isScripted(options) ? sealing(lines, home) : []), ''].join('\n');
}

function from(stage: string, source: FolderSource, tar: string): string[] {
  if (source.kind === 'tar') return [`FROM scratch AS ${stage}`, `ADD ${tar} /`];
  return [`# ${source.name}`, `FROM --platform=${source.platform} ${source.reference} AS ${stage}`];
}

/**
 * The end of a recipe: seals its last stage, and makes the image of what comes out alone.
 * @param lines the recipe up to there
 * @param home as for {@link kernelStage}
 */
export function sealing(lines: readonly string[], home: string): string[] {
  const { instructions } = parseContainerfile(lines.join('\n'));
  // By its number: a person's last stage has the name that it has, or none.
  const stage = instructions.filter(({ name }) => name === 'FROM').length - 1;
  return [
    'USER 0',
    `COPY ${home}seal/ /kairos-build/seal/`,
    'RUN ["/bin/sh", "/kairos-build/seal/seal.sh"]',
    'FROM scratch',
    `COPY --from=${stage} ${SEALED}/ /`,
  ];
}

/**
 * The files of a context folder, but for the tars of {@link rootTar}. The recipe is called `Dockerfile`, which every
 * builder looks for by itself.
 * @throws FactoryError `usage` when the person's context has a place that is ours
 */
export function folderEntries(
  options: ContextOptions,
  sources: FolderSources,
  own: FolderContainerfile | undefined,
): ContextEntry[] {
  const clash = own?.entries.find(({ path }) => path.split('/')[0] === FOLDER_HOME);
  if (clash !== undefined) {
    throw new FactoryError(
      'CONTAINERFILE_INVALID',
      `the context of the Containerfile has ${clash.path}, a place that is ours`,
      {
        remedy: `Rename ${FOLDER_HOME} there, or leave it out with a .dockerignore.`,
      },
    );
  }
  const mark = { schema: 1, tool: options.tool, image: options.identity };
  const ours = [
    ...ownEntries(options),
    ...(isScripted(options) ? [programsOf(options.templates)('seal/seal.sh', 'build/seal.sh')] : []),
  ];
  return [
    text('Dockerfile', renderFolderRecipe(options, sources, own)),
    ...(own?.entries ?? []),
    { type: 'directory', path: FOLDER_HOME },
    text(FOLDER_MARK, `${JSON.stringify(mark, null, 2)}\n`),
    ...ours.map((entry) => ({ ...entry, path: `${FOLDER_HOME}/${entry.path}` })),
  ];
}
