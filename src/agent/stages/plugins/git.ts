import { join } from 'node:path';
import type { StageStep } from '../../../common/cloud-config/step-schema.ts';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import type { Plugin } from '../plugin.ts';

type Git = NonNullable<StageStep['git']>;
type Auth = NonNullable<Git['auth']>;

/** A credential helper that reads from the environment (gitcredentials(7)). */
const HELPER =
  '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$AGENT_GIT_USERNAME" "$AGENT_GIT_PASSWORD"; }; f';

/**
 * `git`: updates a directory to the current state of a branch; local changes are lost. Secrets are passed to git in its
 * environment and in private files, never in arguments, which other users can read and the log contains.
 *
 * @throws FactoryError `tool` without git, `step` when it fails
 */
export const gitPlugin: Plugin<'git'> = {
  key: 'git',
  run: async ({ host }, { url, path, branch, branch_only = false, auth = {} }) => {
    if (!(await host.has('git'))) {
      throw new FactoryError('TOOL_MISSING', `${path} cannot be cloned: git is not installed`, {
        remedy: 'Add the package git to the image.',
      });
    }
    const source = withoutLogin(url, auth);
    const secrets = await host.temporary('kairos-git-');
    try {
      const env = await environmentOf(host, source, { path, secrets });
      const git = (...args: string[]) => host.run('git', ['-C', path, ...args], { env });
      await host.run('git', ['init', '--quiet', '--', path], { env });
      await git('config', 'remote.origin.url', source.url);
      await git('config', 'remote.origin.fetch', refsOf(branch_only ? branch : undefined));
      await git('fetch', '--quiet', '--prune', ...(branch_only ? ['--no-tags'] : []), 'origin');
      // FETCH_HEAD refers to the last fetch.
      const head = branch === undefined ? 'HEAD' : `refs/heads/${branch}`;
      await git('fetch', '--quiet', '--no-tags', 'origin', head);
      const local = branch === undefined ? ['--detach'] : ['-B', branch];
      await git('checkout', '--quiet', '--force', ...local, 'FETCH_HEAD');
    } catch (error) {
      throw new FactoryError(
        'STAGE_FAILED',
        `${path} cannot be updated from ${source.url}: ${messageOf(error)}`,
        {
          remedy: 'Check the URL, the branch and the credentials of the step, and that the network is up.',
          details: error instanceof FactoryError ? error.details : [],
          cause: error,
        },
      );
    } finally {
      await host.remove(secrets);
    }
  },
};

/** The refspec of a single branch, or of all branches (git-fetch(1)). */
function refsOf(branch = '*'): string {
  return `+refs/heads/${branch}:refs/remotes/origin/${branch}`;
}

/** A repository and its credentials. */
interface Source {
  /** For HTTP(S), without user and password. */
  readonly url: string;
  /** Origin of an HTTP(S) URL: the password is sent only there. */
  readonly origin: string | undefined;
  readonly auth: Auth;
}

/** Moves the credentials out of the URL; those of the step take precedence. */
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

/** The environment of git, with settings in `GIT_CONFIG_KEY_n`, which requires git 2.31 or later. */
async function environmentOf(
  host: Host,
  { origin, auth }: Source,
  { path, secrets }: { readonly path: string; readonly secrets: string },
): Promise<Record<string, string>> {
  const withPassword = origin !== undefined && auth.password !== undefined;
  const settings: [string, string][] = [
    // The directory may belong to an ordinary user (git-config(1), safe.directory).
    ['safe.directory', path],
    // A redirect from https to http would send a password, or take code, in the clear.
    ...(origin?.startsWith('https:')
      ? ([['protocol.http.allow', 'never']] satisfies [string, string][])
      : []),
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

/** The ssh command with the key of the step; its `public_key` is the only host key to accept (ssh_config(5)). */
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
