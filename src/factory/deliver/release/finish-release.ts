import type { OutputDirectory } from '../../pipeline/workspace.ts';
import { bundleName, SUMS } from '../../signing/output-files.ts';
import { parseChecksums } from './checksums.ts';
import { RELEASE_FILE, UNFINISHED_FILE } from './file-names.ts';
import { type FolderState, readFolderState, renderUnfinished, requireOwnFolder } from './folder-state.ts';
import type { PortContext, ReleasePorts } from './ports.ts';
import type { ReleaseContents } from './release-contents.ts';
import { verifyReleaseFolder } from './verify-folder.ts';
import { type ReleaseFolder, releaseFolder } from './write-folder.ts';

/** How a folder is filled. */
export interface FinishOptions extends PortContext {
  readonly ports: ReleasePorts;
  /** Names of targets that are not done: then the release stays unfinished. */
  readonly missing: readonly string[];
}

/** How it ended: `kept` is a finished release that was left as it is because targets of the new one are missing. */
export type FinishOutcome = 'unchanged' | 'finished' | 'unfinished' | 'kept';

/**
 * Brings a folder to the contents of a release. What is there already stays untouched. Before anything is changed, the
 * folder is marked as unfinished and loses `release.json` and `SHA256SUMS`, which come back last; the mark goes when the
 * whole has been verified. So an interrupted run leaves a folder that says what it is, and the next one goes on with it.
 * @throws FactoryError `usage` for files that are not ours, `verification` when the result does not hold
 */
export async function finishRelease(
  output: OutputDirectory,
  contents: ReleaseContents,
  options: FinishOptions,
): Promise<FinishOutcome> {
  const { missing, ports, say, signal } = options;
  const folder = releaseFolder(output, contents.release.epoch, signal);
  const state = await readFolderState(output.path);
  requireOwnFolder(output.path, state);
  const isWhole = missing.length === 0;
  if (!isWhole && state.isFinished) return 'kept';
  const wanted = wantedFiles(contents, isWhole, ports.sign !== undefined);
  const isCurrent = isWhole && state.isFinished && (await holdsAll(folder, contents, state, wanted));
  const verify = async (isBeingMade: boolean) => {
    say('verify');
    await verifyReleaseFolder(output.path, { signal, isBeingMade });
  };
  if (isCurrent) {
    await verify(false);
    await ports.verify?.(output.path, options);
    return 'unchanged';
  }

  const unfinished = renderUnfinished(missing, [...wanted, ...state.files]);
  await folder.write(UNFINISHED_FILE, unfinished);
  for (const name of MARKS) await folder.remove(name);
  const kept = new Set([...wanted, ...MARKS, UNFINISHED_FILE]);
  for (const file of state.files) if (!kept.has(file)) await folder.remove(file);
  say('collect the files');
  for (const source of contents.sources) await folder.place(source);
  if (!isWhole) return 'unfinished';

  for (const [name, text] of contents.texts) await folder.write(name, text);
  await folder.write(RELEASE_FILE, contents.index);
  await folder.write(SUMS, contents.sums);
  if (ports.sign) say('sign');
  await ports.sign?.(output, options);
  await verify(true);
  await folder.remove(UNFINISHED_FILE);
  await ports.verify?.(output.path, options).catch(async (error: unknown) => {
    await folder.write(UNFINISHED_FILE, unfinished);
    throw error;
  });
  return 'finished';
}

/** What tells a reader that a release is whole, in the order in which it goes. */
const MARKS = [bundleName(SUMS), SUMS, bundleName(RELEASE_FILE), RELEASE_FILE];

function wantedFiles(
  { sources, texts, sums }: ReleaseContents,
  isWhole: boolean,
  isSigned: boolean,
): string[] {
  const files = sources.map(({ file }) => file);
  if (!isWhole) return files;
  const signed = isSigned ? [...parseChecksums(sums, SUMS).map(({ file }) => file), SUMS] : [];
  return [...files, ...texts.keys(), RELEASE_FILE, SUMS, ...signed.map(bundleName)];
}

/** Whether the folder has the contents already, and nothing else. */
async function holdsAll(
  folder: ReleaseFolder,
  contents: ReleaseContents,
  state: FolderState,
  wanted: readonly string[],
): Promise<boolean> {
  const there = new Set(state.files);
  if (there.size !== wanted.length || wanted.some((file) => !there.has(file))) return false;
  const texts = [...contents.texts, [RELEASE_FILE, contents.index], [SUMS, contents.sums]] as const;
  for (const [name, text] of texts) if ((await folder.read(name)) !== text) return false;
  for (const source of contents.sources) if (!(await folder.holds(source))) return false;
  return true;
}
