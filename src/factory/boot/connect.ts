import { execa } from 'execa';
import type { Runner } from '../tools/runner.ts';
import { SSH } from '../tools/ssh.ts';
import { LOOPBACK } from './forward.ts';
import type { RunningMachine } from './machine-record.ts';

/**
 * Logs in to a machine on this terminal, or runs a command there.
 * @returns the exit status of ssh: that of the command, or 255 when there is no connection
 * @throws FactoryError `tool` when ssh is not installed
 */
export async function connect(
  runner: Runner,
  { sshPort, user, identities }: RunningMachine,
  command: readonly string[],
): Promise<number> {
  const program = await runner.locate(SSH);
  // Each machine on this port has host keys of its own, and the connection does not leave the host.
  const options = ['UserKnownHostsFile=/dev/null', 'StrictHostKeyChecking=no', 'LogLevel=ERROR'];
  const args = ['-p', String(sshPort), ...options.flatMap((option) => ['-o', option])];
  // ssh looks for its default keys in the home directory of the account, which may differ from HOME.
  args.push(...identities.flatMap((file) => ['-i', file]));
  const child = await execa(program, [...args, '-l', user, '--', LOOPBACK, ...command], {
    stdio: 'inherit',
    reject: false,
  });
  return child.exitCode ?? 255;
}
