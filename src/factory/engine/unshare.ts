import { execa } from 'execa';
import { checkTool } from '../tools/check-tool.ts';
import type { Runner } from '../tools/runner.ts';
import { UNSHARE_WITH_IDS } from '../tools/unshare.ts';
import { BUILDAH } from './buildah.ts';
import { type IdRange, subordinateIds } from './subordinate-ids.ts';

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

/**
 * Runs this very command again inside a user namespace.
 * @returns its exit status
 * @throws FactoryError `tool` when the subordinate ids are missing, or both buildah and an `unshare` that is new enough
 */
export async function runInUserNamespace(runner: Runner): Promise<number> {
  const users = await subordinateIds('/etc/subuid');
  const groups = await subordinateIds('/etc/subgid');
  const { program, args } = await namespaceCommand(runner, { users, groups });
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

/** A program, and the arguments that go before the command that it runs in a user namespace. */
export interface NamespaceCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * What makes a user namespace on this machine. buildah maps users as unshare does: the person is 0, subordinate ids count
 * from 1. Stores of both are the same.
 * @throws FactoryError `tool` when there is neither buildah nor an `unshare` that is new enough
 */
export async function namespaceCommand(
  runner: Runner,
  { users, groups }: { readonly users: IdRange; readonly groups: IdRange },
): Promise<NamespaceCommand> {
  const buildah = await runner.locate(BUILDAH).catch(() => undefined);
  if (buildah !== undefined) return { program: buildah, args: ['unshare'] };
  await checkTool(runner, UNSHARE_WITH_IDS);
  const map = ({ start, count }: IdRange) => `${start},1,${count}`;
  const maps = [`--map-users=${map(users)}`, `--map-groups=${map(groups)}`];
  const program = await runner.locate(UNSHARE_WITH_IDS);
  return { program, args: ['--user', '--map-root-user', ...maps] };
}
