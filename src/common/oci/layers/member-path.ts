import type { FactoryError } from '../../errors/factory-error.ts';

/** Creates the error for a member that is refused. @param name its name in the archive @param reason a clause */
export type Refuse = (name: string, reason: string) => FactoryError;

/** Maximum length of a path and of a file name, in bytes. */
const PATH_LIMIT = 4096;
const NAME_LIMIT = 255;
/** Maximum number of links to follow for a path, as in Linux. */
const LINK_LIMIT = 40;

/**
 * Splits the path of a member or the target of a hard link, which must not leave the tree. A leading slash stands for the root
 * of the tree, as for GNU tar and containerd.
 * @param name the member, for the error
 */
export function partsOf(path: string, name: string, refuse: Refuse): string[] {
  checkText(path, name, refuse);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refuse(name, 'its path leads outside the root');
  if (parts.some((part) => part.length > NAME_LIMIT))
    throw refuse(name, 'a component of its path is too long');
  return parts;
}

/** How {@link followLinks} looks up links. */
export interface FollowOptions {
  /** Returns the target of the link at a path. */
  readonly pointOf: (path: string) => string | undefined;
  /** The member, for the error. */
  readonly name: string;
  readonly refuse: Refuse;
}

/** Resolves the links among the directories of a path, but not its last component, with the tree as the root. */
export function followLinks(parts: readonly string[], { pointOf, name, refuse }: FollowOptions): string {
  let waiting = [...parts];
  let done: string[] = [];
  let followed = 0;
  for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (done.pop() === undefined) throw refuse(name, 'a link leads outside the root');
      continue;
    }
    const target = waiting.length > 0 ? pointOf([...done, part].join('/')) : undefined;
    if (target === undefined) {
      done.push(part);
      continue;
    }
    followed += 1;
    if (followed > LINK_LIMIT) throw refuse(name, 'its links form a loop');
    if (target.startsWith('/')) done = [];
    waiting = [...target.split('/'), ...waiting];
  }
  const path = done.join('/');
  checkText(path, name, refuse);
  return path;
}

/** Refuses a path or target that no file system can hold. */
export function checkText(text: string, name: string, refuse: Refuse): void {
  if (text.includes('\0')) throw refuse(name, 'it contains a NUL');
  if (text.length > PATH_LIMIT) throw refuse(name, 'its path is too long');
}
