import { BUILD_HOME, run, runScript } from './containerfile-lines.ts';
import { type ContextEntry, directoryEntries } from './context-tar.ts';
import { lines, templatePrograms } from './entry.ts';

/** The template of the script that keeps modes. */
export const KEEP_MODES = 'build/keep-modes.sh';

/**
 * The files of an overlay in a build context, with a script that keeps mode and owner of directories that exist.
 * @param templates directory of the templates
 */
export function overlayEntries(overlay: string, templates: string): ContextEntry[] {
  const files = directoryEntries(overlay, 'overlay');
  const directories = files
    .filter(({ type, path }) => type === 'directory' && !path.includes('\n'))
    .map(({ path }) => path.slice('overlay'.length) || '/');
  return [
    templatePrograms(templates)('overlay-modes/keep-modes.sh', KEEP_MODES),
    lines('overlay-modes/directories', directories),
    ...files,
  ];
}

/**
 * The instructions that copy an overlay.
 * @param home directory of the context that holds our files: empty, or with a trailing slash
 * @param options.isScripted whether scripts run in the root; without, existing directories get the mode of the overlay's
 */
export function copyOverlay(home: string, { isScripted }: { readonly isScripted: boolean }): string[] {
  const copy = `COPY ${home}overlay/ /`;
  if (!isScripted) return [copy];
  const script = 'overlay-modes/keep-modes.sh';
  return [
    `COPY ${home}overlay-modes/ ${BUILD_HOME}/overlay-modes/`,
    runScript(script, 'save'),
    copy,
    runScript(script, 'restore'),
  ];
}

/** The instruction that removes the files of the build, where no other script does. */
export const removeBuildHome = run('/bin/sh', '-c', `rm -r ${BUILD_HOME}`);
