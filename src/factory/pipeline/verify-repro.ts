import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode } from '../../common/errors/error-codes.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { BuildSpec } from '../config/schema.ts';
import { type Blame, blame } from '../inspect/diff/blame.ts';
import { compare, type Difference } from '../inspect/diff/compare.ts';
import type { HostTool } from '../tools/host-tool.ts';
import { TASKSET } from '../tools/taskset.ts';
import { unlockedImages } from './image-sources.ts';
import { type Session, withSession } from './session.ts';

/** A target to build twice. */
export interface ReproTarget {
  /** Name of the target; `undefined` for a single target. */
  readonly name: string | undefined;
  readonly spec: BuildSpec;
}

/** Options of {@link verifyRepro}. */
export interface ReproOptions {
  /** This program, with its arguments before the name of a command. */
  readonly program: readonly [file: string, ...args: string[]];
  /** The user's flags of `build`. */
  readonly flags: readonly string[];
  /** Called with every line that a build prints for people. */
  readonly onLine: (line: string) => void;
  /** Called with the path of the log once it exists. */
  readonly onLog: (file: string) => void;
}

/** The result of {@link verifyRepro}. */
export interface ReproReport {
  readonly isReproducible: boolean;
  /** The settings that differed in the second build. */
  readonly varied: readonly string[];
  readonly targets: readonly {
    readonly name?: string;
    readonly output: string;
    readonly difference: Difference;
    /** The differing files with the step that caused each, starting with the origin. */
    readonly blame: readonly Blame[];
  }[];
}

/** Settings of the second build that must not affect the result. */
const OTHER_SETTINGS = { TZ: 'Pacific/Kiritimati', LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' };
const OTHER_UMASK = 0o077;

/**
 * Builds twice: first like the user's `build`, then in another directory, with a separate cache, another time zone, locale
 * and umask, and on one processor. Compares all files byte by byte.
 * @throws FactoryError with the code of the build that failed, or REBUILD_FAILED when one of its steps did; `onLine` has received
 *   its output
 */
export async function verifyRepro(
  targets: readonly ReproTarget[],
  options: ReproOptions,
): Promise<ReproReport> {
  return withSession(
    async (session) => {
      const { workspace, runner, daemon, signal } = session;
      const home = await mkdtemp(join(workspace.work, 'again-'));
      const output = join(home, 'output');
      const lock = join(home, 'kairos-factory.lock');
      await mkdir(output);
      // A check publishes nothing, and proofs leave no bytes in artifacts. Signatures of the first build stay next to their files.
      await build(session, options, { which: 'first', more: ['--no-push', '--no-prove'], env: {} });
      const [first] = targets;
      // The second build uses the lock of the first, but must not write to the user's lock.
      if (first && existsSync(first.spec.lockFile)) await copyFile(first.spec.lockFile, lock);
      const flags = [
        '--output',
        output,
        '--lock-file',
        lock,
        '--no-cache',
        '--no-push',
        '--no-prove',
        '--no-sign',
      ];
      const varied = await buildOtherwise(session, options, {
        more: flags,
        env: { KAIROS_FACTORY_CACHE: join(home, 'cache') },
      });

      const images = unlockedImages(session, { offline: true });
      const scratch = (name: string) => mkdtemp(join(workspace.work, `diff-${name}-`));
      const compared: ReproReport['targets'][number][] = [];
      for (const { name, spec } of targets) {
        const again = name === undefined ? output : join(output, name);
        const context = { runner, images, daemon, arch: spec.arch, scratch, signal };
        const difference = await compare(spec.output, again, context);
        const named = name === undefined ? {} : { name };
        compared.push({ ...named, output: spec.output, difference, blame: blame(difference) });
      }
      return {
        isReproducible: compared.every(({ difference }) => difference.isSame),
        varied,
        targets: compared,
      };
    },
    { onLog: options.onLog },
  );
}

async function buildOtherwise(
  session: Session,
  options: ReproOptions,
  { more, env }: Pick<BuildRun, 'more' | 'env'>,
): Promise<string[]> {
  const varied = ['directories', 'cache', 'time', 'time zone', 'locale', 'umask'];
  const canPin = await session.runner.locate(TASKSET).then(
    () => true,
    () => false,
  );
  // The build inherits this umask and must set its own.
  const umask = process.umask(OTHER_UMASK);
  try {
    await build(session, options, {
      which: 'second',
      more,
      env: { ...OTHER_SETTINGS, ...env },
      isPinned: canPin,
    });
  } finally {
    process.umask(umask);
  }
  return canPin ? [...varied, 'number of processors'] : varied;
}

interface BuildRun {
  readonly which: 'first' | 'second';
  /** Additional flags. */
  readonly more: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether to run the build on a single processor. */
  readonly isPinned?: boolean;
}

async function build(
  { runner }: Session,
  { program: [file, ...args], flags, onLine }: ReproOptions,
  { which, more, env, isPinned = false }: BuildRun,
): Promise<void> {
  const words = [...args, 'build', ...flags, ...more];
  const self: HostTool = { name: file, package: 'nodejs' };
  const tool = isPinned ? TASKSET : self;
  const before = isPinned ? ['--cpu-list', String(await ownProcessor()), file] : [];
  let code: ErrorCode = 'REBUILD_FAILED';
  const listen = (line: string) => {
    code = codeIn(line) ?? code;
    onLine(line);
  };
  await runner.run(tool, [...before, ...words], { env, onLine: listen }).catch((error: unknown) => {
    if (!(error instanceof FactoryError) || error.kind !== 'step') throw error;
    throw new FactoryError(code, `the ${which} build failed`, {
      // `onLine` has already received the output of the build.
      remedy: 'Make "kairos-factory build" work with the same flags first.',
      cause: error,
    });
  });
}

/** The code in a line of an error that the build printed. That of a step says less than that the rebuild failed. */
function codeIn(line: string): ErrorCode | undefined {
  const [, name = ''] = /^ {2}code: ([A-Z_]+)$/.exec(line) ?? [];
  return Object.hasOwn(ERROR_CODES, name) && ERROR_CODES[name as ErrorCode].kind !== 'step'
    ? (name as ErrorCode)
    : undefined;
}

/** A processor that this process can run on (proc_pid_status(5), `Cpus_allowed_list`). */
async function ownProcessor(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/^Cpus_allowed_list:\s*(\d+)/m.exec(status)?.[1] ?? 0);
}
