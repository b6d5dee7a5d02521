import { isMap } from './merge.ts';
import type { ConfigData } from './parse.ts';
import type { Problem } from './problems.ts';
import { isAdmin } from './rules.ts';
import { keyProblem } from './ssh-key.ts';

/** A field of shadow(5) that is a hash of crypt(5), or matches no password. */
const NOT_CLEAR = /^!?(?:\$[a-z0-9-]{1,12}\$|[!*]{0,2}$)/;

type Path = readonly PropertyKey[];

/** A value with its path in the configuration. */
interface Placed {
  readonly path: Path;
  readonly value: unknown;
}

/**
 * Finds what keeps people from logging in, or lets others do so: administrators without any credential, passwords in clear
 * text, and keys that were cut short. Text with a template expression is left to the node.
 */
export function loginProblems(data: ConfigData): Problem[] {
  const accounts = accountsOf(data);
  const keyed = new Set(keyLists(data).flatMap(({ path, value }) => (hasItems(value) ? [path.at(-1)] : [])));
  // A configuration at a URL, and keys for all accounts, may bring the credential.
  const isOpen = typeof data['config_url'] === 'string' || hasItems(data['ssh_authorized_keys']);
  return [
    ...accounts.filter(() => !isOpen).flatMap((account) => withoutCredential(account, keyed)),
    ...accounts.flatMap(clearPassword),
    ...[
      ...accounts.map(({ path, value }) => below({ path, value }, 'ssh_authorized_keys')),
      ...keyLists(data),
      { path: ['ssh_authorized_keys'], value: data['ssh_authorized_keys'] },
    ].flatMap(brokenKeys),
  ];
}

function accountsOf(data: ConfigData): Placed[] {
  return [{ path: [], value: data }, ...stepsOf(data)].flatMap((place) => children(below(place, 'users')));
}

/** Keys that steps add to accounts: a list for each name. */
function keyLists(data: ConfigData): Placed[] {
  return stepsOf(data).flatMap((step) => children(below(step, 'authorized_keys')));
}

function stepsOf(data: ConfigData): Placed[] {
  return children({ path: ['stages'], value: data['stages'] }).flatMap(children);
}

function withoutCredential({ path, value }: Placed, keyed: ReadonlySet<unknown>): Problem[] {
  if (!isMap(value) || !isAdmin(value)) return [];
  const { passwd, ssh_authorized_keys: keys } = value;
  const name = typeof value['name'] === 'string' ? value['name'] : path.at(-1);
  const hasPassword = typeof passwd === 'string' && !/^[!*]{0,2}$/.test(passwd);
  if (hasPassword || hasItems(keys) || keyed.has(name)) return [];
  const message = `the administrator ${String(name)} has neither a password nor an SSH key: nobody can log in; add ssh_authorized_keys, or passwd with a hash`;
  return [{ path, message }];
}

function clearPassword(account: Placed): Problem[] {
  const { path, value } = below(account, 'passwd');
  if (typeof value !== 'string' || value.includes('{{') || NOT_CLEAR.test(value)) return [];
  const message = `${path.map(String).join('.')}: the password is in clear text, for everyone who has the file or the medium; write its hash, from: openssl passwd -6`;
  return [{ path, message }];
}

function brokenKeys(list: Placed): Problem[] {
  return children(list).flatMap(({ path, value }) => {
    const problem = typeof value === 'string' ? keyProblem(value) : undefined;
    return problem === undefined ? [] : [{ path, message: `${path.map(String).join('.')}: ${problem}` }];
  });
}

function below({ path, value }: Placed, key: string): Placed {
  return { path: [...path, key], value: isMap(value) ? value[key] : undefined };
}

function children({ path, value }: Placed): Placed[] {
  if (Array.isArray(value))
    return value.map((item, index) => ({ path: [...path, index], value: item as unknown }));
  return isMap(value)
    ? Object.entries(value).map(([key, item]) => ({ path: [...path, key], value: item }))
    : [];
}

function hasItems(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
