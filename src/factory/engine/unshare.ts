import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { execa } from 'execa';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { checkTool } from '../tools/check-tool.ts';
import type { Runner } from '../tools/runner.ts';
import { UNSHARE_WITH_IDS } from '../tools/unshare.ts';
import { BUILDAH } from './buildah.ts';

const MARK = 'KAIROS_FACTORY_UNSHARED';

/**
 * Whether this process must start again inside a user namespace: an ordinary user becomes user 0 there, with subordinate
 * ids for all others, so that owners of files in an image are right without any privilege.
 */
export function needsUserNamespace(): boolean {
  return process.getuid?.() !== 0 && process.env[MARK] === undefined;
}

/** Whether this process is the one that was started again: its user 0 is an ordinary user of the machine. */
export function isInUserNamespace(): boolean {
  return process.env[MARK] !== undefined;
}

/** A range of subordinate ids: subuid(5). */
interface IdRange {
  readonly start: number;
  readonly count: number;
}

/**
 * Runs this very command again inside a user namespace.
 * @returns its exit status
 * @throws FactoryError `tool` when the subordinate ids are missing, or both buildah and an `unshare` that is new enough
 */
export async function runInUserNamespace(runner: Runner): Promise<number> {
  const users = await subordinateIds('/etc/subuid');
  const groups = await subordinateIds('/etc/subgid');
  const [program, args] = await namespaceProgram(runner, users, groups);
  const child = execa(
    program,
    [...args, '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    {
      stdio: 'inherit',
      env: { [MARK]: '1' },
      reject: false,
    },
  );
  // A terminal signals the whole group; a signal to this process alone has to be handed on.
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const { exitCode } = await child;
  return exitCode ?? 1;
}

/** buildah maps users as the other does: the person is 0, subordinate ids count from 1. Stores of both are the same. */
async function namespaceProgram(
  runner: Runner,
  users: IdRange,
  groups: IdRange,
): Promise<readonly [program: string, args: readonly string[]]> {
  const buildah = await runner.locate(BUILDAH).catch(() => undefined);
  if (buildah !== undefined) return [buildah, ['unshare']];
  await checkTool(runner, UNSHARE_WITH_IDS);
  const map = ({ start, count }: IdRange) => `${start},1,${count}`;
  const maps = [`--map-users=${map(users)}`, `--map-groups=${map(groups)}`];
  return [await runner.locate(UNSHARE_WITH_IDS), ['--user', '--map-root-user', ...maps]];
}

async function subordinateIds(file: string): Promise<IdRange> {
  const { username, uid } = userInfo();
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.split('\n')) {
    const [owner, start, count] = line.split(':');
    if (owner === username || owner === String(uid)) return { start: Number(start), count: Number(count) };
  }
  throw new FactoryError('SUBORDINATE_IDS_MISSING', `user ${username} has no subordinate ids in ${file}`, {
    remedy: `Run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
  });
}
