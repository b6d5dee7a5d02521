import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import type { Finished, Host, RunOptions } from '../../../../src/common/host/host.ts';
import type { HttpRequest } from '../../../../src/common/host/http-fetch.ts';
import { systemHost } from '../../../../src/common/host/system-host.ts';

/** In memory: some tests write thousands of files, each to the disk, and a busy disk takes a minute for that. */
const MEMORY = '/dev/shm';

/** A program that was run. */
export interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: RunOptions;
}

/** What a stand-in for a program answers; a string is what it prints. */
type Answer = string | Partial<Finished> | undefined;

/** What a test host is made of. */
export interface TestHostOptions {
  /** Files that are there, by path. */
  readonly files?: Readonly<Record<string, string>>;
  /** Stands for every program; `undefined` is a success that prints nothing. */
  readonly run?: (call: Call) => Answer | Promise<Answer>;
  /** Programs that `has` does not find; all others are there. */
  readonly missing?: readonly string[];
  /** Stands for the network. */
  readonly fetch?: (url: string, request: HttpRequest) => Response | Promise<Response>;
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: Date;
  readonly arch?: string;
}

/** A host whose files are real, in a directory of their own, and whose programs, owners and network are stand-ins. */
export interface TestHost extends Host, AsyncDisposable {
  readonly root: string;
  /** Every program that was run, in order. */
  readonly calls: readonly Call[];
  /** The same as lines: `program arg arg`. */
  readonly commands: () => string[];
  /** `path uid:gid` of every change of owner, in order. */
  readonly owners: readonly string[];
  /** `level message` of every line that was logged. */
  readonly logged: readonly string[];
  /** Milliseconds of every sleep; none takes any time. */
  readonly slept: readonly number[];
}

export async function testHost(options: TestHostOptions = {}): Promise<TestHost> {
  const root = mkdtempSync(join(MEMORY, 'kairos-host-'));
  const calls: Call[] = [];
  const owners: string[] = [];
  const logged: string[] = [];
  const slept: number[] = [];
  const env: Record<string, string> = { ...options.env };
  const real = systemHost((level, message) => logged.push(`${level} ${message}`), root);
  const host: TestHost = {
    ...real,
    root,
    calls,
    owners,
    logged,
    slept,
    commands: () => calls.map(({ program, args }) => [program, ...args].join(' ')),
    run: async (program, args, runOptions = {}) => {
      const call = { program, args, options: runOptions };
      calls.push(call);
      const answer = await options.run?.(call);
      const finished: Finished = {
        status: 0,
        stdout: '',
        stderr: '',
        ...(typeof answer === 'string' ? { stdout: answer } : answer),
      };
      if (finished.status !== 0 && !runOptions.allowFailure) {
        throw new FactoryError('TOOL_FAILED', `${program} failed with status ${finished.status}`, {
          details: finished.stderr.split('\n'),
        });
      }
      return finished;
    },
    pipeInto: (program, args, input, pipeOptions = {}) => {
      calls.push({ program, args, options: pipeOptions });
      return real.pipeInto(program, args, input, pipeOptions);
    },
    has: async (program) => !options.missing?.includes(program),
    write: async (path, content, { uid, gid, ...rest } = {}) => {
      if (uid !== undefined || gid !== undefined) owners.push(`${path} ${uid ?? -1}:${gid ?? -1}`);
      await real.write(path, content, rest);
    },
    chown: async (path, uid, gid) => {
      owners.push(`${path} ${uid}:${gid}`);
    },
    fetch: async (url, request = {}) => {
      if (!options.fetch) throw new TypeError('fetch failed: this test has no network');
      return options.fetch(url, request);
    },
    sleep: async (milliseconds) => void slept.push(milliseconds),
    now: () => options.now ?? new Date('2026-01-02T03:04:05Z'),
    env,
    setEnvironment: (variables) => void Object.assign(env, variables),
    arch: options.arch ?? 'amd64',
    [Symbol.asyncDispose]: async () => rmSync(root, { recursive: true, force: true }),
  };
  for (const [path, content] of Object.entries(options.files ?? {})) await real.write(path, content);
  return host;
}
