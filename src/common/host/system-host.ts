import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  appendFile,
  chmod,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FactoryError, reasonOf } from '../errors/factory-error.ts';
import { putInPlace } from '../files/output-file.ts';
import { makeDirectory, syncDirectory, syncPath } from '../files/sync-path.ts';
import type { FileStat, Finished, Host, Level, RunOptions, WriteOptions } from './host.ts';
import type { HttpRequest } from './http-fetch.ts';

/** Number of output lines in the error of a failed program. */
const TAIL = 20;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', riscv64: 'riscv64' };
/** Further directories of programs, because the initramfs and units have a short PATH. */
const PROGRAM_DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Creates the host of this machine; all paths are relative to `root`. */
export function systemHost(log: (level: Level, message: string) => void, root = '/'): Host {
  const at = (path: string) => join(root, path);
  const path = [...(process.env['PATH']?.split(delimiter) ?? []), ...PROGRAM_DIRECTORIES];
  const environment = () => ({ ...process.env, PATH: [...new Set(path)].join(delimiter) });
  return {
    run: (program, args, options = {}) =>
      runProgram(program, args, { ...options, environment: environment(), log }),
    pipeInto: (program, args, input, options = {}) => {
      const stream = Readable.from(input, { objectMode: false });
      return runProgram(program, args, { ...options, stream, environment: environment(), log });
    },
    has: async (program) => {
      const places = program.includes('/') ? [program] : path.map((directory) => join(directory, program));
      const found = await Promise.all(places.map((place) => isExecutable(at(place))));
      return found.includes(true);
    },
    readText: (file) => unlessMissing(readFile(at(file), 'utf8')),
    readBytes: (file) => unlessMissing(readFile(at(file))),
    write: (file, content, options) => writeWhole(at(file), content, options),
    append: async (file, content) => {
      await mkdir(dirname(at(file)), { recursive: true });
      await appendFile(at(file), content);
    },
    makeDirectory: async (directory, mode = 0o755) => {
      // A private directory must not make its parents private.
      await makeDirectory(dirname(at(directory)));
      const first = await makeDirectory(at(directory), mode);
      if (first !== undefined) await chmod(at(directory), mode);
    },
    remove: (target) => rm(at(target), { recursive: true, force: true }),
    rename: (from, to) => putInPlace(at(from), at(to)),
    link: async (target, link) => {
      const fresh = `${at(link)}.${randomBytes(6).toString('hex')}`;
      await makeDirectory(dirname(fresh));
      await symlink(target, fresh);
      await rename(fresh, at(link));
      await syncDirectory(dirname(fresh));
    },
    readLink: (link) => readlink(at(link)),
    chmod: (file, mode) => chmod(at(file), mode),
    chown: (file, uid, gid) => lchown(at(file), uid, gid),
    list: async (directory) => ((await unlessMissing(readdir(at(directory)))) ?? []).sort(),
    stat: async (file, { follow = true } = {}) => {
      const stats = await unlessMissing(follow ? stat(at(file)) : lstat(at(file)));
      return stats === undefined ? undefined : describe(stats);
    },
    sync: (file) => syncPath(at(file)),
    temporary: async (prefix) => {
      await mkdir(at('/tmp'), { recursive: true });
      return `/${(await mkdtemp(join(at('/tmp'), prefix))).slice(root.length).replace(/^\/+/, '')}`;
    },
    resolve: at,
    fetch: async (url, request = {}) => fetch(url, fetchOptions(request)),
    sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal === undefined ? {} : { signal }),
    now: () => new Date(),
    env: process.env,
    setEnvironment: (variables) => void Object.assign(process.env, variables),
    arch: ARCHITECTURES[process.arch] ?? process.arch,
    log,
  };
}

function fetchOptions({ insecure, body, ...request }: HttpRequest): RequestInit {
  if (typeof body === 'object') throw new TypeError('a node uploads no streams');
  // `tls` is what the runtime of the compiled agent understands; Node ignores it.
  return {
    ...request,
    redirect: 'manual',
    ...(body === undefined ? {} : { body }),
    ...(insecure ? { tls: { rejectUnauthorized: false } } : {}),
  };
}

interface ProgramOptions extends RunOptions {
  /** Standard input. */
  readonly stream?: Readable;
  /** The environment that the variables in `env` are added to. */
  readonly environment: NodeJS.ProcessEnv;
  readonly log: (level: Level, message: string) => void;
}

async function runProgram(
  program: string,
  args: readonly string[],
  { environment, log, ...options }: ProgramOptions,
): Promise<Finished> {
  log('debug', `run ${[program, ...args].join(' ')}`);
  const child = spawn(program, args, {
    env: { ...environment, ...options.env },
    stdio: options.terminal ? 'inherit' : 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout, killSignal: 'SIGKILL' as const }),
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const failed = feed(child, options);
  const status = await ended(child, program);
  const failure = await failed;
  if (failure !== undefined) throw failure;
  const finished = { status, stdout: stdout(), stderr: stderr() };
  if (status !== 0 && !options.allowFailure) {
    const lines = `${finished.stdout}\n${finished.stderr}`.split('\n').filter((line) => line.trim() !== '');
    throw new FactoryError('TOOL_FAILED', `${program} failed with status ${status}`, {
      details: lines.slice(-TAIL),
    });
  }
  return finished;
}

/** Writes the standard input. @returns the error of the stream, once it has ended */
async function feed(
  child: ChildProcess,
  { input = '', stream }: { readonly input?: string; readonly stream?: Readable },
): Promise<unknown> {
  const { stdin } = child;
  // A program may exit without reading its input; its status shows whether it failed.
  stdin?.on('error', () => stream?.destroy());
  if (!stream || !stdin) return void stdin?.end(input);
  child.on('error', () => stream.destroy());
  stdin.on('close', () => stream.destroy());
  let failure: unknown;
  stream.on('error', (error) => {
    failure = error;
    child.kill('SIGKILL');
  });
  stream.pipe(stdin);
  await new Promise<void>((resolve) => stream.on('close', resolve));
  return failure;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

function ended(child: ChildProcess, program: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new FactoryError('TOOL_MISSING', `${program} is not installed`, {
              remedy: `Add the package that has ${program} to the image.`,
              cause: error,
            })
          : new FactoryError('TOOL_FAILED', `${program} cannot be run: ${reasonOf(error)}`, {
              cause: error,
            }),
      ),
    );
    child.on('close', (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === 'SIGKILL' ? 9 : signal === 'SIGTERM' ? 15 : 1;
}

async function writeWhole(
  file: string,
  content: string | Uint8Array,
  { mode = 0o644, uid, gid }: WriteOptions = {},
): Promise<void> {
  await makeDirectory(dirname(file));
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(fresh, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      if (uid !== undefined || gid !== undefined) await handle.chown(uid ?? -1, gid ?? -1);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
    await syncDirectory(dirname(file));
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  return promise.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}

function describe(stats: Awaited<ReturnType<typeof stat>>): FileStat {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'link'
        : stats.isBlockDevice()
          ? 'block'
          : 'other';
  return {
    kind,
    size: Number(stats.size),
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    modified: Number(stats.mtimeMs),
  };
}
