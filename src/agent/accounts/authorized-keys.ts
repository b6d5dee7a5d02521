import { join } from 'node:path';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { fetchBytesOnNode } from '../stages/fetch-retry.ts';
import { findRow } from './account-table.ts';
import { ensureHome, type Resident, residentOf } from './home.ts';

/** Seconds that one attempt to fetch keys may take. */
const TIMEOUT = 30;
/** Bytes. A longer response is not a list of keys. */
const MAX_ANSWER = 1024 * 1024;
/** Services that publish the keys of their users. */
const SERVICES: Readonly<Record<string, string>> = {
  github: 'https://github.com',
  gitlab: 'https://gitlab.com',
};
/** A line in the AUTHORIZED_KEYS format of sshd(8): options, then type and key. */
const KEY_LINE = /(^|\s)(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(\s|$)/;

/**
 * Adds keys to `~USER/.ssh/authorized_keys`: literal ones, `github:USER`, `gitlab:USER`, and URLs of lists of keys
 * (docs/contract.md 4.7). Existing keys stay, and no key is added twice. Literal keys are written before the network is
 * used.
 *
 * @throws FactoryError `usage` for an unknown account; `step` when keys cannot be fetched, or when the file or its
 * directory is a symbolic link: root would read on behalf of the account what the account itself may not
 */
export async function addAuthorizedKeys(host: Host, user: string, keys: readonly string[]): Promise<void> {
  const row = findRow((await host.readText('/etc/passwd')) ?? '', user);
  if (row === undefined) {
    throw new FactoryError('ACCOUNT_INVALID', `SSH keys are given for the user ${user}, who does not exist`, {
      remedy: 'Create the user under "users", in the same step or an earlier one.',
    });
  }
  const resident = residentOf(row);
  const lines = keys.flatMap(linesOf);
  const literal = lines.filter((line) => addressOf(line) === undefined);
  if (literal.length > 0) await writeKeys(host, resident, literal);
  const failures: string[] = [];
  for (const source of lines.filter((line) => addressOf(line) !== undefined)) {
    await fetchKeys(host, addressOf(source) ?? source)
      .then((found) => writeKeys(host, resident, found))
      .catch((error) => failures.push(messageOf(error)));
  }
  if (failures.length === 0) return;
  throw new FactoryError(
    'ACCOUNT_FAILED',
    `Some SSH keys of ${user} could not be added: ${failures.join('; ')}`,
    {
      remedy: 'Check the user names and URLs, and add the keys in the stage "network".',
    },
  );
}

/** The URL to fetch keys from; `undefined` for a literal key. */
function addressOf(key: string): string | undefined {
  if (/^https?:\/\//i.test(key)) return key;
  const [, service = '', name = ''] = /^(github|gitlab):(.+)$/.exec(key) ?? [];
  const base = SERVICES[service];
  return base === undefined ? undefined : `${base}/${encodeURIComponent(name.trim())}.keys`;
}

async function fetchKeys(host: Host, url: string): Promise<string[]> {
  const bytes = await fetchBytesOnNode(host, { url, timeout: TIMEOUT, limit: MAX_ANSWER });
  const lines = linesOf(Buffer.from(bytes).toString('utf8'));
  const found = lines.filter((line) => KEY_LINE.test(line));
  // A captive portal answers with a page of its own.
  if (found.length < lines.length) {
    throw new FactoryError('ACCOUNT_FAILED', `The response of ${url} is not a list of SSH keys`, {
      remedy: 'Open the URL in a browser to see what it returns.',
    });
  }
  if (found.length === 0) host.log('warn', `${url} has no keys`);
  return found;
}

async function writeKeys(host: Host, resident: Resident, keys: readonly string[]): Promise<void> {
  const { uid, gid, home } = resident;
  const directory = join(home, '.ssh');
  const file = join(directory, 'authorized_keys');
  await ensureHome(host, resident);
  await expectKind(host, directory, 'directory');
  await expectKind(host, file, 'file');
  const there = await host.stat(directory);
  if (there === undefined) await host.makeDirectory(directory, 0o700);
  else if (there.mode !== 0o700) await host.chmod(directory, 0o700);
  if (there?.uid !== uid || there.gid !== gid) await host.chown(directory, uid, gid);
  const old = (await host.readText(file)) ?? '';
  const known = new Set(linesOf(old));
  const fresh = [...new Set(keys)].filter((key) => !known.has(key));
  if (fresh.length === 0) return;
  const kept = old === '' || old.endsWith('\n') ? old : `${old}\n`;
  await host.write(file, `${kept}${fresh.join('\n')}\n`, { mode: 0o600, uid, gid });
}

async function expectKind(host: Host, path: string, kind: 'file' | 'directory'): Promise<void> {
  const there = await host.stat(path, { follow: false });
  if (there === undefined || there.kind === kind) return;
  throw new FactoryError('ACCOUNT_FAILED', `${path} is not a ${kind}: keys are not written through it`, {
    remedy: `Remove it; the agent then creates the ${kind}.`,
  });
}

/** Lines that are neither blank nor comments. */
function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
