import { constants, homedir } from 'node:os';
import { execa } from 'execa';
import { checkTool } from '../tools/check-tool.ts';
import type { Runner } from '../tools/runner.ts';
import { onStopSignal } from '../tools/stop-signals.ts';
import { UNSHARE_WITH_IDS } from '../tools/unshare.ts';
import { BUILDAH } from './buildah.ts';
import { buildahHome } from './buildah-home.ts';
import { type IdRange, subordinateIds } from './subordinate-ids.ts';

const MARK = 'KAIROS_FACTORY_UNSHARED';

/**
 * Whether this process must restart inside a user namespace. There, an ordinary user is user 0, and subordinate ids stand for
 * all others, so that files of an image have the right owners without privileges.
 */
export function needsUserNamespace(): boolean {
  return process.getuid?.() !== 0 && process.env[MARK] === undefined;
}

/** Whether this process was restarted in a user namespace, where user 0 is an ordinary user of the host. */
export function isInUserNamespace(): boolean {
  return process.env[MARK] !== undefined;
}

/**
 * Runs this command again inside a user namespace.
 * @returns its exit status
 * @throws FactoryError `tool` when the subordinate ids are missing, or there is neither buildah nor a recent `unshare`
 */
export async function runInUserNamespace(runner: Runner): Promise<number> {
  const users = await subordinateIds('/etc/subuid');
  const groups = await subordinateIds('/etc/subgid');
  const { program, args } = await namespaceCommand(runner, { users, groups });
  const child = execa(
    program,
    [
      ...args,
      '--',
      'env',
      `HOME=${homedir()}`,
      process.execPath,
      ...process.execArgv,
      ...process.argv.slice(1),
    ],
    {
      stdio: 'inherit',
      env: { [MARK]: '1', HOME: await buildahHome(homedir(), '/nonexistent') },
      reject: false,
    },
  );
  // A terminal signals the whole process group; a signal to this process alone must be forwarded.
  using _stop = onStopSignal((name) => child.kill(name));
  const { exitCode, signal } = await child;
  return exitCode ?? (signal === undefined ? 1 : 128 + constants.signals[signal]);
}

/** A program that runs a command in a user namespace, and the arguments that precede the command. */
export interface NamespaceCommand {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Finds the program that creates user namespaces on this host. buildah and unshare map users alike, so that stores of both
 * are interchangeable: the user is 0, and subordinate ids start at 1.
 * @throws FactoryError `tool` when there is neither buildah nor a recent `unshare`
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
