import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** A range of subordinate ids: subuid(5). */
export interface IdRange {
  readonly start: number;
  readonly count: number;
}

/**
 * Finds a user's first range in the text of `/etc/subuid` or `/etc/subgid`, whose lines are `OWNER:START:COUNT`. The owner is
 * a user name or a uid.
 * @returns `undefined` when the user has no usable range
 */
export function findIdRange(
  text: string,
  { username, uid }: { readonly username: string; readonly uid: number },
): IdRange | undefined {
  for (const line of text.split('\n')) {
    const [owner, start, count] = /^([^:]+):(\d+):(\d+)\s*$/.exec(line)?.slice(1) ?? [];
    if ((owner === username || owner === String(uid)) && Number(count) > 0)
      return { start: Number(start), count: Number(count) };
  }
  return undefined;
}

/**
 * Reads the range of the current user.
 * @param file `/etc/subuid` or `/etc/subgid`
 * @throws FactoryError `tool`, with the command that adds ranges, when there is none
 */
export async function subordinateIds(file: string): Promise<IdRange> {
  const user = userInfo();
  const text = await readFile(file, 'utf8').catch(() => '');
  const found = findIdRange(text, user);
  if (found) return found;
  const { username } = user;
  throw new FactoryError('SUBORDINATE_IDS_MISSING', `user ${username} has no subordinate ids in ${file}`, {
    remedy: `Run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
  });
}
