import { readlinkSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { throwIfAborted } from '../../http/abort.ts';
import { entriesOf } from './layer-entries.ts';
import { type Change, type LayerPlan, type Links, planLayer } from './layer-plan.ts';
import { type LayerFile, openLayer } from './layer-stream.ts';

/** The directory that every new ext filesystem has. */
export const LOST = 'lost+found';

/** Options of {@link prepareTree}. */
export interface PrepareOptions {
  /** The links of the layers below. */
  readonly below: Links;
  readonly signal?: AbortSignal | undefined;
  /** Receives each path that the layer removes but the tree lacks, one byte per character. */
  readonly missing?: ((path: string) => void) | undefined;
}

/**
 * Removes the files from a tree that a layer removes, or replaces with files of another type.
 * @returns the remaining links
 */
export async function prepareTree(
  root: Buffer,
  layer: LayerFile,
  { below, signal, missing }: PrepareOptions,
): Promise<Links> {
  const plan = planLayer(below);
  const opened = await openLayer(layer, () => {});
  for await (const { member } of entriesOf(opened)) {
    throwIfAborted(signal);
    const change = plan.plan(member);
    if (change === undefined) continue;
    const isThere = await makeWay(root, change, plan);
    if (!isThere && change.kind === 'whiteout') missing?.(change.path);
  }
  return plan.lower();
}

/** Removes what a change replaces. @returns whether the path exists */
async function makeWay(root: Buffer, change: Change, plan: LayerPlan): Promise<boolean> {
  const { kind, path } = change;
  const place = at(root, path);
  const stats = await lstat(place).catch(() => undefined);
  if (stats === undefined) return false;
  if (kind === 'opaque') {
    if (!stats.isDirectory()) return true;
    for (const name of await readdir(place, { encoding: 'buffer' })) {
      if (path === '' && name.toString() === LOST) continue;
      await rm(Buffer.concat([place, Buffer.from('/'), name]), { recursive: true, force: true });
    }
    plan.forgetBelow(path);
    return true;
  }
  const isDirectory = kind === 'entry' && change.member.type === '5';
  if (kind === 'entry' && (path === '' || (stats.isDirectory() === isDirectory && !stats.isSymbolicLink())))
    return true;
  await rm(place, { recursive: true, force: true });
  plan.forget(path);
  return true;
}

function at(root: Buffer, path: string): Buffer {
  return path === '' ? root : Buffer.concat([root, Buffer.from('/'), Buffer.from(path, 'latin1')]);
}

/** Returns the target of a symbolic link in the tree, one byte per character; `undefined` when it is not a link. */
export function linkAt(root: Buffer, path: string): string | undefined {
  try {
    return readlinkSync(at(root, path), 'latin1');
  } catch {
    // The path is not a link, or does not exist.
    return undefined;
  }
}
