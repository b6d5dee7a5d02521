import { FactoryError } from '../../errors/factory-error.ts';
import type { TarMember } from '../../tar/member.ts';
import { checkText, followLinks, partsOf, type Refuse } from './member-path.ts';

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
   * @throws the error of `refuse` when a member could reach outside of the tree
   */
  plan(member: TarMember): Change | undefined;
  /** Returns the path of a link of the lower layers that the member removes, or replaces with something else than a link. */
  replacedLink(member: TarMember): string | undefined;
  /** Forgets the links of lower layers below a directory. */
  forgetBelow(path: string): void;
  /** Forgets the links of lower layers at a path and below it. */
  forget(path: string): void;
  /** All current links. */
  readonly links: Links;
  /** The remaining links of lower layers. */
  lower(): Links;
}

/** Options of {@link planLayer}. */
export interface PlanOptions {
  /** The links of the lower layers. */
  readonly below?: Links;
  /**
   * Returns the target of a link that was in the target directory before; directories of the image are unpacked into that
   * target.
   */
  readonly existing?: (path: string) => string | undefined;
  /** What a directory does at the place of a link of its own layer: it is refused, or it is unpacked into the target. */
  readonly directoryOverLink?: 'refuse' | 'follow';
  /** Creates the error for a member that is refused. */
  readonly refuse?: Refuse;
}

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
 */
export function planLayer(options: PlanOptions = {}): LayerPlan {
  const {
    below = new Map(),
    existing = () => undefined,
    directoryOverLink = 'refuse',
    refuse = refused,
  } = options;
  const links = new Map(below);
  const lower = new Map(below);
  /** Paths of the links in this layer. */
  const own = new Set<string>();
  /** Paths whose previous file was replaced. */
  const replaced = new Set<string>();
  const pointOf = (path: string) => links.get(path) ?? (replaced.has(path) ? undefined : existing(path));
  const follow = (parts: readonly string[], name: string) => followLinks(parts, { pointOf, name, refuse });

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
    // A link that is written again leads where it led before, also for members ahead of it.
    if (lower.get(path) !== target) lower.delete(path);
    if (target === undefined) {
      links.delete(path);
      own.delete(path);
      return;
    }
    checkText(target, name, refuse);
    links.set(path, target);
    own.add(path);
  };

  const entry = (member: TarMember, path: string): Change => {
    const { type, name } = member;
    if (path === '' && type !== '5') throw refuse(name, 'the root is a directory');
    if (type === '5' && own.has(path)) throw refuse(name, 'it is a link and a directory');
    const original = type === '1' ? follow(partsOf(member.linkName, name, refuse), name) : undefined;
    if (original === '') throw refuse(name, 'it is a hard link to the root');
    const ownTarget = type === '2' ? member.linkName : undefined;
    // A hard link to a symbolic link is a symbolic link, too.
    note(path, member, original === undefined ? ownTarget : pointOf(original));
    const linkName = original ?? ownTarget ?? '';
    return { kind: 'entry', path, member: { ...member, name: path === '' ? '.' : path, linkName } };
  };

  /** Whether a directory is unpacked into the target of the link at its path. */
  const isMerged = (path: string) =>
    links.has(path) ? directoryOverLink === 'follow' && own.has(path) : pointOf(path) !== undefined;

  return {
    links,
    lower: () => lower,
    forgetBelow,
    forget: (path) => {
      forgetLink(path);
      forgetBelow(path);
    },
    replacedLink: ({ name, type }) => {
      if (type === '2') return undefined;
      const parts = partsOf(name, name, refuse);
      const last = parts.at(-1) ?? '';
      if (last === OPAQUE || parts.some((part) => part.startsWith(INTERNAL))) return undefined;
      const path = follow([...parts.slice(0, -1), withoutMark(last)], name);
      return lower.has(path) ? path : undefined;
    },
    plan: (member) => {
      const { name, type } = member;
      if (!TYPES.includes(type)) throw refuse(name, `its type "${type}" is not allowed in images`);
      const parts = partsOf(name, name, refuse);
      const last = parts.at(-1) ?? '';
      const directory = parts.slice(0, -1);
      // A mark never reaches through a link: only what it names itself is opaque.
      if (last === OPAQUE) return { kind: 'opaque', path: follow(directory, name) };
      if (parts.some((part) => part.startsWith(INTERNAL))) return undefined;
      if (directory.some((part) => part.startsWith(WHITEOUT))) {
        throw refuse(name, 'its directory has the name of a whiteout');
      }
      if (!last.startsWith(WHITEOUT)) {
        const path = follow(parts, name);
        return entry(member, type === '5' && isMerged(path) ? follow([...parts, '.'], name) : path);
      }
      const hidden = withoutMark(last);
      if (['', '.', '..'].includes(hidden)) throw refuse(name, 'it is a whiteout without a file name');
      return { kind: 'whiteout', path: follow([...directory, hidden], name) };
    },
  };
}

function withoutMark(name: string): string {
  return name.startsWith(WHITEOUT) ? name.slice(WHITEOUT.length) : name;
}

function refused(name: string, reason: string): FactoryError {
  const shown = Buffer.from(name.slice(0, 120), 'latin1').toString('utf8');
  return new FactoryError('ENTRY_REFUSED', `the image is refused for ${JSON.stringify(shown)}: ${reason}`, {
    remedy: 'Do not use this image unless you know who made it.',
  });
}
