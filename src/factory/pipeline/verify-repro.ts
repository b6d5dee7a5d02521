import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { BuildSpec } from '../config/schema.ts';
import { type Blame, blame } from '../inspect/diff/blame.ts';
import { compare, type Difference } from '../inspect/diff/compare.ts';
import type { HostTool } from '../tools/host-tool.ts';
import { TASKSET } from '../tools/taskset.ts';
import { unlockedImages } from './image-sources.ts';
import { type Session, withSession } from './session.ts';

/** A build that is made twice. */
export interface ReproTarget {
  /** Among several. */
  readonly name: string | undefined;
  readonly spec: BuildSpec;
}

/** How both builds are made. */
export interface ReproOptions {
  /** This program, and what it is started with before the name of a command. */
  readonly program: readonly [file: string, ...args: string[]];
  /** The person's flags, as for `build`. */
  readonly flags: readonly string[];
  /** Told every line that a build prints for people. */
  readonly onLine: (line: string) => void;
  /** Told the path of the log. */
  readonly onLog: (file: string) => void;
}

/** What came out of building twice. */
export interface ReproReport {
  readonly isReproducible: boolean;
  /** What was another in the second build. */
  readonly varied: readonly string[];
  readonly targets: readonly {
    readonly name?: string;
    readonly output: string;
    readonly difference: Difference;
    /** What differs by the step that made it, the origin first. */
    readonly blame: readonly Blame[];
  }[];
}

/** Settings of the second build that must make no difference. */
const OTHER_SETTINGS = { TZ: 'Pacific/Kiritimati', LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' };
const OTHER_UMASK = 0o077;

/**
 * Builds as a person's `build` would, and once more: into another directory, with a cache of its own, in another time zone
 * and locale, with another umask, on one processor. Then it compares all files, byte by byte.
 * @throws FactoryError `step` when a build fails; what it printed has been told
 */
export async function verifyRepro(
  targets: readonly ReproTarget[],
  options: ReproOptions,
): Promise<ReproReport> {
  return withSession(
    async (session) => {
      const { workspace, runner, daemon, signal } = session;
      const home = await mkdtemp(join(workspace.work, 'again-'));
      const [output, lock] = [join(home, 'output'), join(home, 'kairos-factory.lock')];
      await mkdir(output);
      // Nothing is published to answer a question; signatures of the first build stay with what they sign.
      await build(session, options, 'first', ['--no-push'], {});
      const [first] = targets;
      // What the first build has locked holds for the second, and that one must not write into the person's lock.
      if (first && existsSync(first.spec.lockFile)) await copyFile(first.spec.lockFile, lock);
      const flags = ['--output', output, '--lock-file', lock, '--no-cache', '--no-push', '--no-sign'];
      const varied = await buildOtherwise(session, options, flags, {
        KAIROS_FACTORY_CACHE: join(home, 'cache'),
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
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string[]> {
  const varied = ['directories', 'cache', 'time', 'time zone', 'locale', 'umask'];
  const canPin = await session.runner.locate(TASKSET).then(
    () => true,
    () => false,
  );
  // Inherited by the build, which is to set its own.
  const umask = process.umask(OTHER_UMASK);
  try {
    await build(session, options, 'second', flags, { ...OTHER_SETTINGS, ...env }, canPin);
  } finally {
    process.umask(umask);
  }
  return canPin ? [...varied, 'number of processors'] : varied;
}

async function build(
  { runner }: Session,
  { program: [file, ...args], flags, onLine }: ReproOptions,
  which: 'first' | 'second',
  more: readonly string[],
  env: Readonly<Record<string, string>>,
  isPinned = false,
): Promise<void> {
  const words = [...args, 'build', ...flags, ...more];
  const self: HostTool = { name: file, package: 'nodejs' };
  const [tool, before] = isPinned
    ? [TASKSET, ['--cpu-list', String(await ownProcessor()), file]]
    : [self, []];
  await runner.run(tool, [...before, ...words], { env, onLine }).catch((error: unknown) => {
    if (!(error instanceof FactoryError) || error.kind !== 'step') throw error;
    throw new FactoryError('REBUILD_FAILED', `the ${which} build failed`, {
      // What it printed has been told already.
      remedy: 'Make "kairos-factory build" work with the same flags first.',
      cause: error,
    });
  });
}

/** A processor that this process may run on (proc_pid_status(5), `Cpus_allowed_list`). */
async function ownProcessor(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/^Cpus_allowed_list:\s*(\d+)/m.exec(status)?.[1] ?? 0);
}
