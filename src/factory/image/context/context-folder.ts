import { FactoryError } from '../../../common/errors/factory-error.ts';
import { isScripted, kernelStage, recipe } from './containerfile.ts';
import type { ContextOptions } from './context-options.ts';
import type { ContextEntry } from './context-tar.ts';
import { templatePrograms, text } from './entry.ts';
import { ownEntries } from './own-entries.ts';
import { parseContainerfile } from './parse-containerfile.ts';
import type { CheckedContainerfile } from './user-containerfile.ts';

/** Directory of a context folder that holds our files; everything outside it, except the recipe, belongs to the user. */
export const FOLDER_HOME = '.kairos-factory';
/** Marks a folder as written by us. Records the tool and the image. */
export const FOLDER_MARK = `${FOLDER_HOME}/context.json`;

/** Where another builder gets a root filesystem from. */
export type FolderSource =
  | {
      readonly kind: 'registry';
      /** `REGISTRY/NAME@sha256:…`: the manifest of one platform. */
      readonly reference: string;
      /** The reference that the user gave, for a comment in the recipe. */
      readonly name: string;
      readonly platform: string;
    }
  /** A tar in the folder, at the path that {@link rootTar} returns. */
  | { readonly kind: 'tar' };

/** The sources of all images of a build. */
export interface FolderSources {
  readonly base: FolderSource;
  readonly kernel: FolderSource | undefined;
  /** One per bundle, in the same order. */
  readonly bundles: readonly FolderSource[];
}

/** Path of a root filesystem's tar in the folder. @param root a number is the index of a bundle */
export function rootTar(root: 'base' | 'kernel' | number): string {
  return `${FOLDER_HOME}/${typeof root === 'number' ? `bundle-${root}` : root}.tar`;
}

const STAGE = { base: 'kairos-factory-base', kernel: 'kairos-factory-kernel-image', os: 'kairos-factory-os' };
const bundleStage = (index: number) => `kairos-factory-bundle-${index}`;
/** Output directory of `seal.sh`: the root of the final image. */
const SEALED = '/kairos-sealed';

/** A user's Containerfile for a context folder, with the entries of its context. */
export interface FolderContainerfile {
  readonly stage: 'before' | 'after';
  readonly checked: CheckedContainerfile;
  readonly entries: readonly ContextEntry[];
}

/**
 * Renders the single recipe of a context folder: the instructions of a build, with the user's Containerfile merged in,
 * followed by the sealing that a build of ours does after its engine.
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
 * The end of a recipe: seals the last stage, and makes the image from the sealed tree alone.
 * @param lines the recipe so far
 * @param home as for {@link kernelStage}
 */
export function sealing(lines: readonly string[], home: string): string[] {
  const { instructions } = parseContainerfile(lines.join('\n'));
  // By number: the user's last stage may have any name, or none.
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
 * The files of a context folder, except the tars at {@link rootTar}. The recipe is named `Dockerfile`, which every
 * builder finds without an option.
 * @throws FactoryError `usage` when the user's context has a {@link FOLDER_HOME} of its own
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
      `the Containerfile's context has ${clash.path}, a path that is reserved`,
      {
        remedy: `Rename ${FOLDER_HOME} in the context, or exclude it with a .dockerignore.`,
      },
    );
  }
  const mark = { schema: 1, tool: options.tool, image: options.identity };
  const ours = [
    ...ownEntries(options),
    ...(isScripted(options) ? [templatePrograms(options.templates)('seal/seal.sh', 'build/seal.sh')] : []),
  ];
  return [
    text('Dockerfile', renderFolderRecipe(options, sources, own)),
    ...(own?.entries ?? []),
    { type: 'directory', path: FOLDER_HOME },
    text(FOLDER_MARK, `${JSON.stringify(mark, null, 2)}\n`),
    ...ours.map((entry) => ({ ...entry, path: `${FOLDER_HOME}/${entry.path}` })),
  ];
}
