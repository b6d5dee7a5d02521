import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner, RunResult } from './runner.ts';

export const SSH: HostTool = {
  name: 'ssh',
  package: 'openssh-client',
  versionFlag: '-V',
  purpose: 'reaches nodes, a Docker daemon on another machine, and a system that boot has started',
};

/** Where ssh connects to, and as whom. What is absent is up to the person's `ssh_config`. */
export interface SshDestination {
  readonly address: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** File with the private key; no other key is tried then. */
  readonly identity?: string | undefined;
  readonly knownHosts?: string | undefined;
}

/** The exit status of ssh itself, when there is no connection or it broke off (ssh(1)). */
const NO_CONNECTION = 255;
/** Seconds to connect, and between two signs of life of a connection, of which three may be missing. */
const CONNECT = 15;
const ALIVE = 15;

/** The options of every connection: no questions, and only hosts whose keys are known. */
function optionsOf({ user, port, identity, knownHosts }: SshDestination): string[] {
  const settings = [
    ...['BatchMode=yes', 'StrictHostKeyChecking=yes', 'UpdateHostKeys=no', 'ForwardAgent=no'],
    ...[
      `ConnectTimeout=${CONNECT}`,
      `ServerAliveInterval=${ALIVE}`,
      'ServerAliveCountMax=3',
      'ClearAllForwardings=yes',
    ],
    ...(identity === undefined ? [] : ['IdentitiesOnly=yes']),
    ...(knownHosts === undefined ? [] : [`UserKnownHostsFile=${quotedPath(knownHosts)}`]),
  ];
  return [
    ...['-T', ...settings.flatMap((setting) => ['-o', setting])],
    ...(identity === undefined ? [] : ['-i', identity]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
  ];
}

/** ssh splits the value at spaces, and expands `%` (ssh_config(5)). */
function quotedPath(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

/**
 * Runs a command line in the shell of another machine.
 * @param options.timeout seconds
 * @returns also when the command fails: its exit status and its output
 * @throws FactoryError `NODE_UNREACHABLE` without a connection or when it breaks off; `HOST_KEY_REFUSED`; `tool` without ssh;
 * `interrupted`
 */
export async function runOverSsh(
  runner: Runner,
  destination: SshDestination,
  { command, timeout }: { readonly command: string; readonly timeout: number },
): Promise<RunResult> {
  const args = [...optionsOf(destination), '--', destination.address, command];
  let result: RunResult;
  try {
    result = await runner.run(SSH, args, { acceptExit: () => true, timeout: timeout * 1000 });
  } catch (error) {
    if (!(error instanceof FactoryError) || error.code !== 'TOOL_FAILED') throw error;
    throw new FactoryError(
      'NODE_UNREACHABLE',
      `${destination.address} has not answered within ${timeout} s: ${messageOf(error)}`,
      { remedy: REACH, cause: error },
    );
  }
  if (result.exitCode === NO_CONNECTION) throw sshFailure(destination, result.stderr);
  return result;
}

const REACH = 'Log in with ssh by hand, with the same address, account and key.';

/** What ssh (OpenSSH 8 to 10) says, and the error that it means. */
function sshFailure({ address, port }: SshDestination, stderr: string): FactoryError {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const host = port === undefined || port === 22 ? address : `[${address}]:${port}`;
  if (stderr.includes('REMOTE HOST IDENTIFICATION HAS CHANGED'))
    return new FactoryError('HOST_KEY_REFUSED', `${address} has another SSH host key than the known one`, {
      remedy: `Find out why. If the machine was installed again, forget the old key: ssh-keygen -R '${host}'`,
    });
  if (stderr.includes('Host key verification failed'))
    return new FactoryError('HOST_KEY_REFUSED', `the SSH host key of ${address} is not known`, {
      remedy: `Log in once with ssh by hand and compare the fingerprint, or add the key to the file of known hosts.`,
    });
  const reason = lines.at(-1) ?? 'the connection broke off';
  return new FactoryError('NODE_UNREACHABLE', `${address} cannot be reached: ${reason}`, { remedy: REACH });
}
