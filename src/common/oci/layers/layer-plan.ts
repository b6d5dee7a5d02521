import { FactoryError } from '../../errors/factory-error.ts';
import type { TarMember } from '../../tar/member.ts';

/** The targets of a tree's symbolic links by path, one byte per character. */
export type Links = ReadonlyMap<string, string>;

/** The change that a member of a layer makes to a tree (image-spec 1.1, "Image Layer Filesystem Changeset"). */
export type Change =
  | { readonly kind: 'entry'; readonly path: string; readonly member: TarMember }
  /** Removes the path that lower layers have. */
  | { readonly kind: 'whiteout'; readonly path: string }
  /** Removes the content that lower layers have in the directory. */
  | { readonly kind: 'opaque'; readonly path: string };

/** Plans the members of one layer, in order. */
export interface LayerPlan {
  /**
   * @returns `undefined` for internal files of storage drivers
   * @throws FactoryError `verification` when a member could reach outside of the tree
   */
  plan(member: TarMember): Change | undefined;
  /** Forgets the links of lower layers below a directory. */
  forgetBelow(path: string): void;
  /** Forgets the links of lower layers at a path and below it. */
  forget(path: string): void;
  /** All current links. */
  readonly links: Links;
  /** The remaining links of lower layers. */
  lower(): Links;
}

/** Maximum length of a path and of a file name, in bytes. */
const PATH_LIMIT = 4096;
const NAME_LIMIT = 255;
/** Maximum number of links to follow for a path, as in Linux. */
const LINK_LIMIT = 40;
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
/** Prefix of internal files of the storage driver aufs. */
const INTERNAL = '.wh..wh.';
/** Files, hard links, symbolic links, character and block devices, directories and pipes. */
const TYPES = '0123456';

/**
 * Plans a layer on top of others. Every path is rewritten so that none of its directories is a symbolic link: links are
 * resolved here, within the tree, as the running system would. Thus the unpacking program never follows a link, whichever
 * layer created it.
 * @param below the links of the lower layers
 * @param existing returns the target of a link that was in the target directory before; directories of the image are
 * unpacked into that target
 */
export function planLayer(
  below: Links,
  existing: (path: string) => string | undefined = () => undefined,
): LayerPlan {
  const links = new Map(below);
  const lower = new Map(below);
  /** Paths of the links in this layer. */
  const own = new Set<string>();
  /** Paths whose previous file was replaced. */
  const replaced = new Set<string>();
  const pointOf = (path: string) => links.get(path) ?? (replaced.has(path) ? undefined : existing(path));

  const forgetLink = (link: string) => {
    if (!lower.delete(link)) return;
    if (!own.has(link)) links.delete(link);
  };

  const forgetBelow = (path: string) => {
    const prefix = path === '' ? '' : `${path}/`;
    for (const link of [...lower.keys()]) if (link.startsWith(prefix)) forgetLink(link);
  };

  /** Records the new file at a path, and its target if it is a symbolic link. */
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
    // A hard link to a symbolic link is a symbolic link, too.
    note(path, member, original === undefined ? ownTarget : pointOf(original));
    const linkName = original ?? ownTarget ?? '';
    return { kind: 'entry', path, member: { ...member, name: path === '' ? '.' : path, linkName } };
  };

  return {
    links,
    lower: () => lower,
    forgetBelow,
    forget: (path) => {
      forgetLink(path);
      forgetBelow(path);
    },
    plan: (member) => {
      if (!TYPES.includes(member.type)) {
        throw refused(member.name, `its type "${member.type}" is not allowed in images`);
      }
      const parts = partsOf(member.name);
      const last = parts.at(-1) ?? '';
      const directory = parts.slice(0, -1);
      if (last === OPAQUE) return { kind: 'opaque', path: follow(pointOf, [...directory, '.'], member.name) };
      if (parts.some((part) => part.startsWith(INTERNAL))) return undefined;
      if (directory.some((part) => part.startsWith(WHITEOUT))) {
        throw refused(member.name, 'its directory has the name of a whiteout');
      }
      if (!last.startsWith(WHITEOUT)) {
        const path = follow(pointOf, parts, member.name);
        const isKept = member.type === '5' && !links.has(path) && pointOf(path) !== undefined;
        return entry(member, isKept ? follow(pointOf, [...parts, '.'], member.name) : path);
      }
      const name = last.slice(WHITEOUT.length);
      if (['', '.', '..'].includes(name)) throw refused(member.name, 'it is a whiteout without a file name');
      return { kind: 'whiteout', path: follow(pointOf, [...directory, name], member.name) };
    },
  };
}

/** Splits a path, which must not leave the tree. */
function partsOf(name: string): string[] {
  checkText(name, name);
  if (name.startsWith('/')) throw refused(name, 'its path is absolute');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(name, 'its path leads outside of the image');
  if (parts.some((part) => part.length > NAME_LIMIT))
    throw refused(name, 'a component of its path is too long');
  return parts;
}

/** Resolves the links among the directories of a path, but not its last component, with the tree as the root. */
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
    if (followed > LINK_LIMIT) throw refused(name, 'its links form a loop');
    if (target.startsWith('/')) done = [];
    waiting = [...target.split('/'), ...waiting];
  }
  const path = done.join('/');
  checkText(name, path);
  return path;
}

function checkText(name: string, text: string): void {
  if (text.includes('\0')) throw refused(name, 'it contains a NUL');
  if (text.length > PATH_LIMIT) throw refused(name, 'its path is too long');
}

function refused(name: string, reason: string): FactoryError {
  const shown = Buffer.from(name.slice(0, 120), 'latin1').toString('utf8');
  return new FactoryError('ENTRY_REFUSED', `the image is refused for ${JSON.stringify(shown)}: ${reason}`, {
    remedy: 'Do not use this image unless you know who made it.',
  });
}
