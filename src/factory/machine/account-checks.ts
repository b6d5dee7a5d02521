import { userInfo } from 'node:os';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { subordinateIds } from '../engine/subordinate-ids.ts';
import type { Runner } from '../tools/runner.ts';
import { UNSHARE } from '../tools/unshare.ts';
import type { Check } from './check.ts';

const PURPOSE = 'owners of files in images, for an ordinary user';
const FILES = ['/etc/subuid', '/etc/subgid'] as const;
/** The ids of an image are below 65536. */
const ENOUGH = 65_536;

/** What {@link checkAccounts} looks at; the real machine by default. */
export interface AccountSources {
  readonly isRoot?: boolean;
  readonly files?: readonly string[];
}

/** Checks what an ordinary user needs for images with files of many owners: subordinate ids, and user namespaces. */
export async function checkAccounts(
  runner: Runner,
  { isRoot = process.getuid?.() === 0, files = FILES }: AccountSources = {},
): Promise<Check[]> {
  const area = 'accounts';
  if (isRoot) return [{ area, name: 'user', state: 'ok', found: 'root', purpose: PURPOSE }];
  const ids = await Promise.all(files.map((file) => checkIds(file)));
  const namespace: Check = await runner.run(UNSHARE, ['--user', '--map-root-user', 'true']).then(
    () => ({ area, name: 'user namespaces', state: 'ok', purpose: PURPOSE }),
    (error: unknown) => {
      if (!(error instanceof FactoryError) || error.kind === 'interrupted') throw error;
      return {
        area,
        name: 'user namespaces',
        state: 'fault',
        purpose: PURPOSE,
        problem: error.details.at(-1) ?? error.message,
        remedy: 'Allow them (user_namespaces(7), "sysctl -a | grep userns"), or build as root.',
      };
    },
  );
  return [...ids, namespace];
}

async function checkIds(file: string): Promise<Check> {
  const common = { area: 'accounts', name: file, purpose: PURPOSE } as const;
  try {
    const { start, count } = await subordinateIds(file);
    const found = `${count} from ${start}`;
    if (count >= ENOUGH) return { ...common, state: 'ok', found };
    const problem = `${count} ids are too few for images with ids up to ${ENOUGH - 1}`;
    return { ...common, state: 'warning', found, problem, remedy: `Give a range of ${ENOUGH} in ${file}.` };
  } catch (error) {
    if (!(error instanceof FactoryError)) throw error;
    const { message: problem, remedy = '' } = error;
    const { username } = userInfo();
    return { ...common, state: 'fault', problem, remedy, fix: { command: addIds(username) } };
  }
}

/** The command that gives a user subordinate ids. */
function addIds(username: string): string[] {
  return ['sudo', 'usermod', '--add-subuids', '100000-165535', '--add-subgids', '100000-165535', username];
}
