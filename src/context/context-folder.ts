import { FactoryError } from '../errors/factory-error.ts';
import { type ContextOptions, kernelStage, ownEntries, recipe } from './build-context.ts';
import type { ContextEntry } from './context-tar.ts';
import type { CheckedContainerfile } from './user-containerfile.ts';

/** Directory of a context folder that holds our files; all beside it is the person's. */
export const FOLDER_HOME = '.kairos-factory';
/** Tells a folder of ours from others: what it was made by, and for which image. */
export const FOLDER_MARK = `${FOLDER_HOME}/context.json`;
/** Where the root filesystems of the base and of the kernel's image lie in it. */
export const FOLDER_ROOTS = { base: `${FOLDER_HOME}/base.tar`, kernel: `${FOLDER_HOME}/kernel.tar` } as const;

const STAGE = { base: 'kairos-factory-base', kernel: 'kairos-factory-kernel-image', os: 'kairos-factory-os' };

/** A person's Containerfile in a folder, with what it copies. */
export interface FolderContainerfile {
  readonly stage: 'before' | 'after';
  readonly checked: CheckedContainerfile;
  readonly entries: readonly ContextEntry[];
}

/** One recipe for everything: the same instructions that a build runs, the person's own among them. */
export function renderFolderRecipe(options: ContextOptions, own: FolderContainerfile | undefined): string {
  const { kernel } = options;
  const home = `${FOLDER_HOME}/`;
  const fromTar = (stage: string, tar: string) => [`FROM scratch AS ${stage}`, `ADD ${tar} /`];
  const before =
    own?.stage === 'before' ? own.checked.render(STAGE.base) : [`FROM ${STAGE.base} AS ${STAGE.os}`];
  return [
    ...(own?.checked.directives ?? []),
    `# Made by ${options.tool}. "docker build ." or "buildah build ." gives the image; artifacts come from it by`,
    '# "kairos-factory artifacts --image …", which first takes out of it what the builder and the clock left.',
    ...fromTar(STAGE.base, FOLDER_ROOTS.base),
    ...(kernel === undefined ? [] : fromTar(STAGE.kernel, FOLDER_ROOTS.kernel)),
    ...kernelStage({ ...options, ...(kernel ? { kernel: { ...kernel, image: STAGE.kernel } } : {}) }, home),
    ...before,
    ...recipe(options, home),
    ...(own?.stage === 'after' ? own.checked.render(STAGE.os) : []),
    '',
  ].join('\n');
}

/**
 * The files of a context folder, but for the tars of {@link FOLDER_ROOTS}. The recipe is called `Dockerfile`, which every
 * builder looks for by itself.
 * @throws FactoryError `usage` when the person's context has a place that is ours
 */
export function folderEntries(options: ContextOptions, own: FolderContainerfile | undefined): ContextEntry[] {
  const clash = own?.entries.find(({ path }) => path.split('/')[0] === FOLDER_HOME);
  if (clash !== undefined) {
    throw new FactoryError(
      'usage',
      `the context of the Containerfile has ${clash.path}, a place that is ours`,
      {
        remedy: `Rename ${FOLDER_HOME} there, or leave it out with a .dockerignore.`,
      },
    );
  }
  const mark = { schema: 1, tool: options.tool, image: options.identity };
  return [
    { type: 'text', path: 'Dockerfile', text: renderFolderRecipe(options, own), mode: 0o644 },
    ...(own?.entries ?? []),
    { type: 'directory', path: FOLDER_HOME },
    { type: 'text', path: FOLDER_MARK, text: `${JSON.stringify(mark, null, 2)}\n`, mode: 0o644 },
    ...ownEntries(options).map((entry) => ({ ...entry, path: `${FOLDER_HOME}/${entry.path}` })),
  ];
}
