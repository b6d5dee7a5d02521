import type { OutputDirectory } from '../../pipeline/workspace.ts';
import { bundleName, SUMS } from '../../signing/output-files.ts';
import { parseChecksums } from './checksums.ts';
import { RELEASE_FILE, UNFINISHED_FILE } from './file-names.ts';
import { type FolderState, readFolderState, renderUnfinished, requireOwnFolder } from './folder-state.ts';
import type { PortContext, ReleasePorts } from './ports.ts';
import type { ReleaseContents } from './release-contents.ts';
import { type VerifyOptions, verifyReleaseFolder } from './verify-folder.ts';
import { type ReleaseFolder, releaseFolder } from './write-folder.ts';

/** Options of {@link finishRelease}. */
export interface FinishOptions extends PortContext {
  readonly ports: ReleasePorts;
  /** Names of the targets that are not built; with any of them the release stays unfinished. */
  readonly missing: readonly string[];
}

/** The outcome. `kept`: a finished release stayed unchanged because targets of the new release are missing. */
export type FinishOutcome = 'unchanged' | 'finished' | 'unfinished' | 'kept';

/**
 * Writes the contents of a release to its folder. Files that are already correct stay untouched. Before any change, the
 * folder gets the `UNFINISHED` file and loses `release.json` and `SHA256SUMS`, which are written last; `UNFINISHED` is
 * removed once the whole release is verified. An interrupted run therefore leaves a folder marked as unfinished, and the
 * next run continues from it.
 * @throws FactoryError `usage` for files that do not belong to a release, `verification` when the result is damaged
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
  const wanted = wantedFiles(contents, { isWhole, isSigned: ports.sign !== undefined });
  const isCurrent = isWhole && state.isFinished && (await holdsAll(folder, contents, { state, wanted }));
  const verify = async ({ isBeingMade = false }: Pick<VerifyOptions, 'isBeingMade'> = {}) => {
    say('verify');
    await verifyReleaseFolder(output.path, { signal, isBeingMade });
  };
  if (isCurrent) {
    await verify();
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
  await verify({ isBeingMade: true });
  await folder.remove(UNFINISHED_FILE);
  await ports.verify?.(output.path, options).catch(async (error: unknown) => {
    await folder.write(UNFINISHED_FILE, unfinished);
    throw error;
  });
  return 'finished';
}

/** The files that mark a release as finished, in the order of their removal. */
const MARKS = [bundleName(SUMS), SUMS, bundleName(RELEASE_FILE), RELEASE_FILE];

interface WantedOptions {
  readonly isWhole: boolean;
  readonly isSigned: boolean;
}

function wantedFiles(
  { sources, texts, sums }: ReleaseContents,
  { isWhole, isSigned }: WantedOptions,
): string[] {
  const files = sources.map(({ file }) => file);
  if (!isWhole) return files;
  const signed = isSigned ? [...parseChecksums(sums, SUMS).map(({ file }) => file), SUMS] : [];
  return [...files, ...texts.keys(), RELEASE_FILE, SUMS, ...signed.map(bundleName)];
}

/** Whether the folder already has exactly these contents. */
async function holdsAll(
  folder: ReleaseFolder,
  contents: ReleaseContents,
  { state, wanted }: { readonly state: FolderState; readonly wanted: readonly string[] },
): Promise<boolean> {
  const there = new Set(state.files);
  if (there.size !== wanted.length || wanted.some((file) => !there.has(file))) return false;
  const texts = [...contents.texts, [RELEASE_FILE, contents.index], [SUMS, contents.sums]] as const;
  for (const [name, text] of texts) if ((await folder.read(name)) !== text) return false;
  for (const source of contents.sources) if (!(await folder.holds(source))) return false;
  return true;
}
