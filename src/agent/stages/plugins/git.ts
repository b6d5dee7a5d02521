import { join } from 'node:path';
import type { StageStep } from '../../../common/cloud-config/step-schema.ts';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import type { Plugin } from '../plugin.ts';

type Git = NonNullable<StageStep['git']>;
type Auth = NonNullable<Git['auth']>;

/** Answers git's question for a user with what is in its environment (gitcredentials(7)). */
const HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$AGENT_GIT_USERNAME" "$AGENT_GIT_PASSWORD"; }; f';

/**
 * `git`: brings a directory to what a branch holds at the moment; changes in it are lost. Secrets reach
 * git by its environment and by files for the owner only, never by arguments, which anyone can read and the log keeps.
 *
 * @throws FactoryError `tool` without git, `step` when it fails
 */
export const gitPlugin: Plugin<'git'> = {
  key: 'git',
  run: async ({ host }, { url, path, branch, branch_only = false, auth = {} }) => {
    if (!(await host.has('git'))) {
      throw new FactoryError('TOOL_MISSING', `${path} cannot be cloned: git is not there`, {
        remedy: 'Add the package git to the image.',
      });
    }
    const source = withoutLogin(url, auth);
    const secrets = await host.temporary('kairos-git-');
    try {
      const env = await environmentOf(host, source, path, secrets);
      const git = (...args: string[]) => host.run('git', ['-C', path, ...args], { env });
      await host.run('git', ['init', '--quiet', '--', path], { env });
      await git('config', 'remote.origin.url', source.url);
      await git('config', 'remote.origin.fetch', refsOf(branch, branch_only));
      await git('fetch', '--quiet', '--prune', ...(branch_only ? ['--no-tags'] : []), 'origin');
      // What is fetched last is what FETCH_HEAD names.
      const head = branch === undefined ? 'HEAD' : `refs/heads/${branch}`;
      await git('fetch', '--quiet', '--no-tags', 'origin', head);
      const local = branch === undefined ? ['--detach'] : ['-B', branch];
      await git('checkout', '--quiet', '--force', ...local, 'FETCH_HEAD');
    } catch (error) {
      throw new FactoryError(
        'STAGE_FAILED',
        `${path} cannot be brought to what ${source.url} has: ${messageOf(error)}`,
        {
          remedy: 'Check the address, the branch and the login of the step, and that the network is up.',
          details: error instanceof FactoryError ? error.details : [],
          cause: error,
        },
      );
    } finally {
      await host.remove(secrets);
    }
  },
};

/** Which branches are kept up to date (git-fetch(1), refspec). */
function refsOf(branch: string | undefined, only: boolean): string {
  const name = only && branch !== undefined ? branch : '*';
  return `+refs/heads/${name}:refs/remotes/origin/${name}`;
}

/** Where to fetch from, and as whom. */
interface Source {
  /** Without user and password when it is HTTP(S). */
  readonly url: string;
  /** Scheme, host and port of HTTP(S): the only place that gets the password. */
  readonly origin: string | undefined;
  readonly auth: Auth;
}

/** Takes the login out of the address; one of the step goes before it. */
function withoutLogin(url: string, auth: Auth): Source {
  const parsed = /^https?:/i.test(url) ? URL.parse(url) : null;
  if (parsed === null) return { url, origin: undefined, auth };
  const login = {
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
  };
  parsed.username = '';
  parsed.password = '';
  return { url: parsed.href, origin: parsed.origin, auth: { ...login, ...auth } };
}

/** git's environment; settings go as `GIT_CONFIG_KEY_n`, for which git has to be 2.31 or newer. */
async function environmentOf(
  host: Host,
  { origin, auth }: Source,
  path: string,
  secrets: string,
): Promise<Record<string, string>> {
  const withPassword = origin !== undefined && auth.password !== undefined;
  const settings: [string, string][] = [
    // The directory may belong to a user of the machine (git-config(1), safe.directory).
    ['safe.directory', path],
    ...(withPassword
      ? ([
          ['credential.helper', ''],
          [`credential.${origin}.helper`, HELPER],
        ] satisfies [string, string][])
      : []),
  ];
  return {
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: `${settings.length}`,
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
    ...(withPassword
      ? { AGENT_GIT_USERNAME: auth.username ?? 'git', AGENT_GIT_PASSWORD: auth.password ?? '' }
      : {}),
    ...(auth.insecure && origin !== undefined ? { GIT_SSL_NO_VERIFY: 'true' } : {}),
    ...(origin === undefined ? { GIT_SSH_COMMAND: await sshCommand(host, auth, secrets) } : {}),
  };
}

/** ssh with the key of the step, and with its `public_key` as the only one that the server may show (ssh_config(5)). */
async function sshCommand(host: Host, auth: Auth, secrets: string): Promise<string> {
  const options = ['BatchMode=yes'];
  if (auth.private_key !== undefined) {
    const file = join(secrets, 'key');
    await host.write(file, `${auth.private_key.trimEnd()}\n`, { mode: 0o600 });
    options.push(`IdentityFile=${file}`, 'IdentitiesOnly=yes');
  }
  if (auth.insecure) {
    options.push('StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null');
  } else if (auth.public_key !== undefined) {
    const file = join(secrets, 'known_hosts');
    await host.write(file, `* ${auth.public_key.trim()}\n`, { mode: 0o600 });
    options.push('StrictHostKeyChecking=yes', `UserKnownHostsFile=${file}`, 'GlobalKnownHostsFile=/dev/null');
  }
  return ['ssh', ...options.map((option) => `-o ${option}`)].join(' ');
}
