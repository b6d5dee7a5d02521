import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { ArtifactKind } from '../../src/factory/config/artifact-kinds.ts';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';

/** The project's directory. */
export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/**
 * Directory of the data that tests keep between runs, which git ignores. It is created when it is first used. The variable
 * is for kinds of tests that run in parallel and must not see each other's builds.
 */
export const TEST_HOME = join(PROJECT, process.env['KAIROS_FACTORY_TEST_HOME'] ?? '.test');
mkdirSync(TEST_HOME, { recursive: true });
export const OVERLAY = join(PROJECT, 'test/support/overlay');
const PROGRAM = join(PROJECT, 'bin/kairos-factory');

/**
 * Variables for a process of the program, of its build or its sources: they make Node.js record the coverage when it is measured,
 * which scripts/test reads.
 */
export const MEASURED: Readonly<Record<string, string>> = process.env['KAIROS_FACTORY_TEST_COVERAGE']
  ? { NODE_V8_COVERAGE: join(TEST_HOME, 'coverage/processes') }
  : {};

/** The result of running the program. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program as a user would. @param env variables to set in addition to the shared cache */
export async function factory(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string>; readonly program?: string } = {},
): Promise<Outcome> {
  const result = await execa(options.program ?? PROGRAM, args, {
    reject: false,
    cwd: options.cwd ?? PROJECT,
    env: { KAIROS_FACTORY_CACHE: join(TEST_HOME, 'cache'), CI: 'true', ...MEASURED, ...options.env },
    stdin: 'ignore',
  });
  return { status: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** A finished build of a test image. */
export interface TestBuild {
  readonly output: string;
  readonly report: BuildReport;
  /** Path of an artifact. */
  readonly artifact: (kind: ArtifactKind) => string;
}

/** The image that all tests of a release share: the small kernel, and a passwordless root login on the serial console. */
export function testBuild(release = 'bookworm', extra: readonly string[] = []): Promise<TestBuild> {
  return buildDebian({ release, output: join(TEST_HOME, `out-${release}`), extra });
}

/** A build like {@link testBuild}, with an output directory of its own. */
export async function buildDebian(options: {
  readonly output: string;
  /** Default: bookworm. */
  readonly release?: string;
  /** A flavor, or the path of one. Default: debian. */
  readonly flavor?: string;
  readonly extra?: readonly string[];
  /** The program that builds. Default: that of the checkout. */
  readonly program?: string;
}): Promise<TestBuild> {
  const { output, release = 'bookworm', flavor = 'debian', extra = [], program } = options;
  const args = ['build', '--flavor', flavor, '--base', `bootstrap:${release}`, '--kernel', 'cloud', '--json'];
  args.push('--version', 'v1.2.3', '--compression', 'fast', '--overlay-rootfs', OVERLAY, '--output', output);
  const { status, stdout, stderr } = await factory(
    [...args, ...extra],
    program === undefined ? {} : { program },
  );
  if (status !== 0) throw new Error(`the build of the test image failed with ${status}:\n${stderr}`);
  const report = JSON.parse(stdout) as BuildReport;
  return { output, report, artifact: (kind) => artifactOf(report, kind) };
}

function artifactOf(report: BuildReport, kind: ArtifactKind): string {
  const entry = report.manifest.artifacts.find((candidate) => candidate.kind === kind);
  if (!entry) throw new Error(`the build made no ${kind}`);
  return join(report.output, kind === 'oci' ? entry.file.replace(/\/index\.json$/, '') : entry.file);
}
