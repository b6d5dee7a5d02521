import { randomUUID } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../../src/factory/boot/forward.ts';
import { PROJECT } from './factory.ts';
import { tool } from './tool.ts';

/**
 * A node of tests: a real SSH server on the loopback, on whose machine the agent, sudo and the reboot are scripts of
 * test/support/ssh-node. Files in its directory say what it does and what it is.
 */
export interface SshNode extends AsyncDisposable {
  readonly name: string;
  readonly directory: string;
  readonly port: number;
  /** Its line in a file of known hosts. */
  readonly knownHost: string;
  /** Makes it do something: `falls-back`, `refuses`, `unhealthy`, `holds-upgrade`, `holds-reboot`; or takes that back. */
  readonly set: (habit: string, options?: { readonly to: boolean }) => Promise<void>;
  readonly read: (file: string) => Promise<string>;
  /** How often an upgrade has ended. */
  readonly upgrades: () => Promise<number>;
  /** Ends its server, as if its network were gone. */
  readonly unplug: () => Promise<void>;
}

/** Starts a node whose system has the digest `old`. @param options.key the private key that may log in; `KEY.pub` is beside it */
export async function startSshNode(
  name: string,
  { home, key, old }: { readonly home: string; readonly key: string; readonly old: string },
): Promise<SshNode> {
  const directory = join(home, name);
  await mkdir(directory, { recursive: true });
  await cp(join(PROJECT, 'test/support/ssh-node'), directory, { recursive: true });
  await mkdir('/run/sshd', { recursive: true });
  const hostKey = join(directory, 'host_key');
  await tool('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', hostKey);
  const port = await freePort();
  const settings = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: hostKey,
    PidFile: join(directory, 'sshd.pid'),
    AuthorizedKeysFile: `${key}.pub`,
    StrictModes: 'no',
    UsePAM: 'no',
    PasswordAuthentication: 'no',
    ForceCommand: `${join(directory, 'shell')} ${directory}`,
  };
  const config = Object.entries(settings).map(([setting, value]) => `${setting} ${value}\n`);
  const files = {
    ...{ sshd_config: config.join(''), boot_id: `${randomUUID()}\n`, slot: 'active\n', outcome: 'booted\n' },
    ...{ running: `${old}\n`, active: `${old}\n`, old: `${old}\n` },
  };
  const write = (file: string, text: string) => writeFile(join(directory, file), text);
  for (const [file, text] of Object.entries(files)) await write(file, text);
  const read = (file: string) => readFile(join(directory, file), 'utf8').catch(() => '');
  const start = () => tool('/usr/sbin/sshd', '-f', join(directory, 'sshd_config'));
  await start();
  const [kind = '', value = ''] = (await readFile(`${hostKey}.pub`, 'utf8')).split(' ');
  const unplug = async () => {
    const pid = Number(await read('sshd.pid'));
    if (pid > 0) process.kill(pid);
    for (let left = 50; left > 0 && (await read('sshd.pid')) !== ''; left -= 1) await setTimeout(100);
  };
  return {
    ...{ name, directory, port, read, unplug },
    knownHost: `[127.0.0.1]:${port} ${kind} ${value}\n`,
    set: (habit, { to } = { to: true }) =>
      to ? write(habit, '') : rm(join(directory, habit), { force: true }),
    upgrades: async () => (await read('upgrades')).split('\n').filter(Boolean).length,
    [Symbol.asyncDispose]: async () => {
      await write('gone', '');
      await unplug();
    },
  };
}

/** Makes a key pair for logging in. @returns the path of the private key */
export async function makeLoginKey(home: string): Promise<string> {
  const key = join(home, 'id');
  await tool('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key);
  return key;
}

/** The account of the tests, which the nodes' servers know. */
export const LOGIN = userInfo().username;
