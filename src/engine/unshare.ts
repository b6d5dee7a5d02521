import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { execa } from 'execa';
import { FactoryError } from '../errors/factory-error.ts';
import type { Runner } from '../tools/runner.ts';
import { BUILDAH } from './buildah.ts';

const MARK = 'KAIROS_FACTORY_UNSHARED';

/**
 * Whether this process must start again inside a user namespace: an ordinary user becomes user 0 there, with subordinate
 * ids for all others, so that owners of files in an image are right without any privilege.
 */
export function needsUserNamespace(): boolean {
  return process.getuid?.() !== 0 && process.env[MARK] === undefined;
}

/**
 * Runs this very command again inside a user namespace.
 * @returns its exit status
 * @throws FactoryError `tool` when buildah or the subordinate ids are missing
 */
export async function runInUserNamespace(runner: Runner): Promise<number> {
  const { username, uid } = userInfo();
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (!text.split('\n').some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`))) {
      throw new FactoryError('tool', `user ${username} has no subordinate ids in ${file}`, {
        remedy: `Run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
      });
    }
  }
  const buildah = await runner.locate(BUILDAH);
  const child = execa(
    buildah,
    ['unshare', '--', process.execPath, ...process.execArgv, ...process.argv.slice(1)],
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
