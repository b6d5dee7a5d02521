import { readlinkSync, type Stats } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { FactoryError } from '../../errors/factory-error.ts';
import { throwIfAborted } from '../../http/abort.ts';
import type { TarMember } from '../../tar/member.ts';
import { countEntry, entriesOf } from './layer-entries.ts';
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
 * Removes the files from a tree that a layer removes, or replaces with files of another type. The order of the members does
 * not matter: first the links go that the layer replaces, so that no other member reaches through them; then its whiteouts
 * and opaque marks apply to the layers below; then its files make themselves room.
 * @returns the remaining links
 */
export async function prepareTree(
  root: Buffer,
  layer: LayerFile,
  { below, signal, missing }: PrepareOptions,
): Promise<Links> {
  const plan = planLayer({ below });
  const members = await membersOf(layer, signal);
  const unlinked = await removeReplacedLinks(root, members, plan);
  const entries: TarMember[] = [];
  for (const member of members) {
    throwIfAborted(signal);
    if (!isMark(member)) {
      entries.push(member);
      continue;
    }
    const change = plan.plan(member);
    if (change === undefined) continue;
    const isThere = await makeWay(root, change, plan);
    if (!isThere && change.kind === 'whiteout' && !unlinked.has(change.path)) missing?.(change.path);
  }
  for (const member of entries) {
    throwIfAborted(signal);
    const change = plan.plan(member);
    if (change !== undefined) await makeWay(root, change, plan);
  }
  return plan.lower();
}

/** Whether the name of a member is that of a whiteout, an opaque mark or an internal file. */
function isMark({ name }: TarMember): boolean {
  return /(?:^|\/)\.wh\.[^/]*\/*$/.test(name);
}

/** The headers of a layer, without the attributes of the files. */
async function membersOf(layer: LayerFile, signal: AbortSignal | undefined): Promise<TarMember[]> {
  const members: TarMember[] = [];
  for await (const { member } of entriesOf(await openLayer(layer, () => {}))) {
    throwIfAborted(signal);
    countEntry(members.push({ ...member, records: [] }));
  }
  return members;
}

/** Removes the links of the layers below that a member replaces by its name. @returns their paths */
async function removeReplacedLinks(
  root: Buffer,
  members: readonly TarMember[],
  plan: LayerPlan,
): Promise<ReadonlySet<string>> {
  const removed = new Set<string>();
  const depth = ({ name }: TarMember) => name.split('/').filter((part) => part !== '' && part !== '.').length;
  // Parents first: a link below a replaced link is gone with it.
  for (const member of members.toSorted((one, other) => depth(one) - depth(other))) {
    const path = replacedLink(plan, member);
    if (path === undefined) continue;
    await rm(at(root, path), { force: true });
    plan.forget(path);
    removed.add(path);
  }
  return removed;
}

/** A member that is refused here may be right once the layer's own links are known; if not, the next pass refuses it. */
function replacedLink(plan: LayerPlan, member: TarMember): string | undefined {
  try {
    return plan.replacedLink(member);
  } catch (error) {
    if (error instanceof FactoryError) return undefined;
    throw error;
  }
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
  if (kind === 'entry' && isCompatible(root, change, stats)) return true;
  await rm(place, { recursive: true, force: true });
  plan.forget(path);
  return true;
}

/** Whether the unpacking program can write an entry over what is there: files over files, directories into directories. */
function isCompatible(
  root: Buffer,
  { path, member }: Extract<Change, { kind: 'entry' }>,
  stats: Stats,
): boolean {
  if (path === '') return true;
  if (stats.isSymbolicLink()) return member.type === '2' && linkAt(root, path) === member.linkName;
  return stats.isDirectory() === (member.type === '5');
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
