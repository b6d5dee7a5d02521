import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../../src/factory/boot/forward.ts';
import { makeClientCertificates } from './certificates.ts';
import { PROJECT } from './factory.ts';
import { unmountBelow } from './unmount-below.ts';

/** `scripts/setup --buildkit` builds the programs here. */
export const BUILDKIT_PROGRAMS = join(PROJECT, '.tools/bin');

/** Whether the programs of BuildKit are there, and whether this user can start a daemon. */
export const HAS_BUILDKIT = existsSync(join(BUILDKIT_PROGRAMS, 'buildkitd')) && process.getuid?.() === 0;

/** An empty BuildKit daemon for tests, which runs until it is disposed of. */
export interface TestBuildkit extends AsyncDisposable {
  /** `unix://…`. */
  readonly address: string;
  /** `tcp://…` with TLS: it requires a client certificate of the CA in `certificates`. */
  readonly secure: string;
  readonly certificates: string;
  /** Runs buildctl on it. @returns its stdout */
  call(...args: readonly string[]): Promise<string>;
  /** Ids of the processes that it has started, such as the programs of builds. */
  programs(): Promise<number[]>;
  /** Kills it, as a power cut would. */
  kill(): Promise<void>;
}

/** Options of {@link startBuildkitd}. */
export interface BuildkitdOptions {
  /** Directory for its data, which is emptied afterwards; default: a temporary one. */
  readonly root?: string;
  /** Platforms that it says it has, instead of those of this machine. */
  readonly platforms?: readonly string[];
}

/**
 * Starts buildkitd as root, with runc and overlayfs. Its builds use the host's network. An address on the loopback interface is
 * that of a registry without TLS.
 * @throws Error with its last lines when it does not answer within half a minute
 */
export async function startBuildkitd({ root, platforms }: BuildkitdOptions = {}): Promise<TestBuildkit> {
  const home = await mkdtemp(join(tmpdir(), 'kairos-buildkitd-'));
  const address = `unix://${join(home, 'buildkitd.sock')}`;
  const secure = `tcp://127.0.0.1:${await freePort()}`;
  const certificates = join(home, 'certificates');
  await makeClientCertificates(certificates);
  const data = root ?? join(home, 'root');
  const settings = [
    `root = ${JSON.stringify(data)}`,
    '[grpc]',
    `address = ${JSON.stringify([address, secure])}`,
    '[grpc.tls]',
    `cert = ${JSON.stringify(join(certificates, 'server.pem'))}`,
    `key = ${JSON.stringify(join(certificates, 'key.pem'))}`,
    `ca = ${JSON.stringify(join(certificates, 'ca.pem'))}`,
    '[worker.oci]',
    'snapshotter = "overlayfs"',
    ...(platforms ? [`platforms = ${JSON.stringify(platforms)}`] : []),
    '[worker.containerd]',
    'enabled = false',
    '',
  ];
  await writeFile(join(home, 'buildkitd.toml'), settings.join('\n'));
  const child = execa(join(BUILDKIT_PROGRAMS, 'buildkitd'), ['--config', join(home, 'buildkitd.toml')], {
    env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    reject: false,
    all: true,
    stdin: 'ignore',
  });
  let ended = false;
  const end = child.then((result) => {
    ended = true;
    return result;
  });
  const call = async (...args: readonly string[]) => {
    const { stdout } = await execa(join(BUILDKIT_PROGRAMS, 'buildctl'), ['--addr', address, ...args]);
    return stdout;
  };
  const programs = () => descendants(child.pid ?? 0);
  const stop = async () => {
    const started = ended ? [] : await programs();
    child.kill('SIGTERM');
    await Promise.race([end, setTimeout(10_000)]);
    child.kill('SIGKILL');
    await end;
    killAll(started);
    for (const place of [data, home]) await unmountBelow(place);
    for (const name of root ? await readdir(root) : [])
      await rm(join(data, name), { recursive: true, force: true });
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  for (let attempt = 0; !(await call('debug', 'workers').catch(() => undefined)); attempt += 1) {
    if (ended || attempt === 120) {
      await stop();
      throw new Error(`buildkitd does not answer:\n${(await end).all?.split('\n').slice(-15).join('\n')}`);
    }
    await setTimeout(250);
  }
  return {
    address,
    secure,
    certificates,
    call,
    programs,
    kill: async () => {
      const started = await programs();
      child.kill('SIGKILL');
      await end;
      killAll(started);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Ids of the processes below a process. */
async function descendants(of: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const status = await readFile(join('/proc', name, 'stat'), 'utf8').catch(() => '');
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(status)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = [of];
  for (const above of found)
    for (const [id, parent] of parents) if (parent === above && !found.includes(id)) found.push(id);
  return found.slice(1);
}

function killAll(ids: readonly number[]): void {
  for (const id of ids) {
    try {
      process.kill(id, 'SIGKILL');
    } catch {
      // It has ended.
    }
  }
}
