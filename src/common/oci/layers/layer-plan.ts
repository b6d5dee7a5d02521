import { FactoryError } from '../../errors/factory-error.ts';
import type { TarMember } from '../../tar/member.ts';

/** Symbolic links of a tree: their paths and where they point. One byte per character. */
export type Links = ReadonlyMap<string, string>;

/** What a member of a layer means for the tree (image-spec 1.1, "Image Layer Filesystem Changeset"). */
export type Change =
  | { readonly kind: 'entry'; readonly path: string; readonly member: TarMember }
  /** What the layers below have at that path goes. */
  | { readonly kind: 'whiteout'; readonly path: string }
  /** What the layers below have within that directory goes. */
  | { readonly kind: 'opaque'; readonly path: string };

/** Plans the members of one layer, in their order. */
export interface LayerPlan {
  /**
   * @returns `undefined` for what only storage drivers know
   * @throws FactoryError `verification` when a member could reach outside of the tree
   */
  plan(member: TarMember): Change | undefined;
  /** Forgets the links of the layers below at a path, and below it. */
  forget(path: string, alsoItself: boolean): void;
  /** All links that there are by now. */
  readonly links: Links;
  /** Those that the layers below made and that are left. */
  lower(): Links;
}

const [PATH_LIMIT, NAME_LIMIT] = [4096, 255];
/** As many links as Linux follows for one path. */
const FOLLOWED = 40;
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** What the storage driver aufs left in layers. */
const INTERNAL = '.wh..wh.';
/** Files, hard links, symbolic links, character and block devices, directories and pipes. */
const TYPES = '0123456';

/**
 * Plans a layer on top of others. Every path is rewritten so that none of its directories is a symbolic link: links are
 * followed here, within the tree, as the running system would follow them. So the program that unpacks never goes through
 * one, whichever layer made it.
 * @param existing where a link points that was in the directory before; a directory of the image goes to where it points
 */
export function planLayer(
  below: Links,
  existing: (path: string) => string | undefined = () => undefined,
): LayerPlan {
  const links = new Map(below);
  const lower = new Map(below);
  /** Links that this layer made. */
  const own = new Set<string>();
  /** Paths where something else stands by now than what was there before. */
  const replaced = new Set<string>();
  const pointOf = (path: string) => links.get(path) ?? (replaced.has(path) ? undefined : existing(path));

  const forget = (path: string, alsoItself: boolean) => {
    const prefix = path === '' ? '' : `${path}/`;
    for (const link of [...lower.keys()]) {
      if (!link.startsWith(prefix) && !(alsoItself && link === path)) continue;
      lower.delete(link);
      if (!own.has(link)) links.delete(link);
    }
  };

  /** Notes what stands at a path by now, and the target when it is a symbolic link. */
  const note = (path: string, { type, name }: TarMember, target: string | undefined) => {
    if (type !== '5') replaced.add(path);
    lower.delete(path);
    if (target === undefined) {
      links.delete(path);
      return;
    }
    checkText(name, target);
    links.set(path, target);
    own.add(path);
  };

  const entry = (member: TarMember, path: string): Change => {
    const { type, name } = member;
    if (path === '' && type !== '5') throw refused(name, 'the root is a directory');
    if (type === '5' && own.has(path)) throw refused(name, 'it is a link and a directory');
    const original = type === '1' ? follow(pointOf, partsOf(member.linkName), name) : undefined;
    if (original === '') throw refused(name, 'it is a hard link to the root');
    const ownTarget = type === '2' ? member.linkName : undefined;
    // A hard link to a symbolic link is one, too.
    note(path, member, original === undefined ? ownTarget : pointOf(original));
    const linkName = original ?? ownTarget ?? '';
    return { kind: 'entry', path, member: { ...member, name: path === '' ? '.' : path, linkName } };
  };

  return {
    links,
    lower: () => lower,
    forget,
    plan: (member) => {
      if (!TYPES.includes(member.type)) {
        throw refused(member.name, `it is of a kind that images do not have ("${member.type}")`);
      }
      const parts = partsOf(member.name);
      const last = parts.at(-1) ?? '';
      const directory = parts.slice(0, -1);
      if (last === OPAQUE) return { kind: 'opaque', path: follow(pointOf, [...directory, '.'], member.name) };
      if (parts.some((part) => part.startsWith(INTERNAL))) return undefined;
      if (directory.some((part) => part.startsWith(WHITEOUT))) {
        throw refused(member.name, 'it lies below the mark of something removed');
      }
      if (!last.startsWith(WHITEOUT)) {
        const path = follow(pointOf, parts, member.name);
        const isKept = member.type === '5' && !links.has(path) && pointOf(path) !== undefined;
        return entry(member, isKept ? follow(pointOf, [...parts, '.'], member.name) : path);
      }
      const name = last.slice(WHITEOUT.length);
      if (['', '.', '..'].includes(name)) throw refused(member.name, 'it removes nothing that has a name');
      return { kind: 'whiteout', path: follow(pointOf, [...directory, name], member.name) };
    },
  };
}

/** The parts of a path that stays within the tree by itself. */
function partsOf(name: string): string[] {
  checkText(name, name);
  if (name.startsWith('/')) throw refused(name, 'its path is absolute');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(name, 'its path leads outside of the image');
  if (parts.some((part) => part.length > NAME_LIMIT)) throw refused(name, 'a part of its path is too long');
  return parts;
}

/** Follows the links among the directories of a path, but not its last part, with the tree as the root. */
function follow(
  pointOf: (path: string) => string | undefined,
  parts: readonly string[],
  name: string,
): string {
  let waiting = [...parts];
  let done: string[] = [];
  let followed = 0;
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (done.pop() === undefined) throw refused(name, 'a link leads outside of the image');
      continue;
    }
    const target = waiting.length > 0 ? pointOf([...done, part].join('/')) : undefined;
    if (target === undefined) {
      done.push(part);
      continue;
    }
    followed += 1;
    if (followed > FOLLOWED) throw refused(name, 'links lead in a circle');
    if (target.startsWith('/')) done = [];
    waiting = [...target.split('/'), ...waiting];
  }
  const path = done.join('/');
  checkText(name, path);
  return path;
}

function checkText(name: string, text: string): void {
  if (text.includes('\0')) throw refused(name, 'it holds a NUL');
  if (text.length > PATH_LIMIT) throw refused(name, 'its path is too long');
}

function refused(name: string, reason: string): FactoryError {
  const shown = Buffer.from(name.slice(0, 120), 'latin1').toString('utf8');
  return new FactoryError('ENTRY_REFUSED', `the image is refused for ${JSON.stringify(shown)}: ${reason}`, {
    remedy: 'Do not use this image unless you know who made it.',
  });
}
