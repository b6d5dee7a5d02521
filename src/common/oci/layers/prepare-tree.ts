import { readlinkSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { throwIfAborted } from '../../http/abort.ts';
import { entriesOf } from './layer-entries.ts';
import { type Change, type LayerPlan, type Links, planLayer } from './layer-plan.ts';
import { type LayerFile, openLayer } from './layer-stream.ts';

/** What an ext filesystem has from the beginning. */
export const LOST = 'lost+found';

/** How a tree is prepared for a layer. */
export interface PrepareOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with each path that the layer removes and that the tree does not have, one byte per character. */
  readonly missing?: ((path: string) => void) | undefined;
}

/**
 * Removes from the tree what a layer says is gone, and what stands where the layer has something of another kind.
 * @returns the links that are left
 */
export async function prepareTree(
  root: Buffer,
  layer: LayerFile,
  below: Links,
  { signal, missing }: PrepareOptions,
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

/** @returns whether there is something at the path of the change */
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
    plan.forget(path, false);
    return true;
  }
  const isDirectory = kind === 'entry' && change.member.type === '5';
  if (kind === 'entry' && (path === '' || (stats.isDirectory() === isDirectory && !stats.isSymbolicLink())))
    return true;
  await rm(place, { recursive: true, force: true });
  plan.forget(path, true);
  return true;
}

function at(root: Buffer, path: string): Buffer {
  return path === '' ? root : Buffer.concat([root, Buffer.from('/'), Buffer.from(path, 'latin1')]);
}

/** Where a symbolic link of the tree points, one byte per character; `undefined` when it is none. */
export function linkAt(root: Buffer, path: string): string | undefined {
  try {
    return readlinkSync(at(root, path), 'latin1');
  } catch {
    // No link, or nothing at all.
    return undefined;
  }
}
