import { relative } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { BuildTarget } from '../config/build-spec.ts';
import { selectTargets } from '../config/matrix.ts';
import type { SignSpec } from '../config/signing.ts';
import { groupPushes, type PublishedGroup, publishBuilds } from '../deliver/publish/publish-build.ts';
import {
  makeRelease,
  type PlannedRelease,
  planRelease,
  type ReleaseReport,
} from '../deliver/release/make-release.ts';
import { type NamedBuild, planTargets, runTargets, type TargetsReport } from '../pipeline/build-targets.ts';
import { withSession } from '../pipeline/session.ts';
import { secretVariables } from '../signing/signer.ts';
import { createRunner } from '../tools/runner.ts';
import { releasePorts, releaseSigner } from './release-ports.ts';
import { describeError, failWith, rememberLog } from './render-error.ts';
import { createProgressRenderer } from './render-progress.ts';
import { formatSize } from './render-report.ts';
import { handedOver, printPlan } from './run-job.ts';
import { type BuildsOptions, failuresOf } from './run-targets.ts';

/** What the single build of a configuration without targets is called in a release. */
const SINGLE = 'os';

/**
 * Makes a release and shows it: progress on stderr, the report on stdout, failures at the end on stderr. The exit status
 * is that of the first failure.
 * @param load makes all targets of the configuration
 * @param only patterns of the names of those that are built; all when empty
 */
export async function presentRelease(
  load: () => Promise<BuildTarget[]>,
  only: readonly string[],
  options: BuildsOptions,
): Promise<void> {
  const print = (text: string) => process.stdout.write(text);
  try {
    const builds = (await load()).map(({ name = SINGLE, spec }) => ({ name, spec }));
    const wanted = only.length === 0 ? builds : selectTargets(builds, only);
    if (await handedOver()) return;
    await present(builds, wanted, options, print);
  } catch (error) {
    if (options.json) print(`${JSON.stringify({ error: describeError(error) }, null, 2)}\n`);
    throw error;
  }
}

async function present(
  builds: readonly NamedBuild[],
  wanted: readonly NamedBuild[],
  options: BuildsOptions,
  print: (text: string) => void,
): Promise<void> {
  const { plan, json, useCache, locked, offline, continueOnError } = options;
  const say = (text: string) => process.stderr.write(`[release] ${text}\n`);
  const sign = releaseSigner(builds);
  // What cannot be pushed is told before anything is built.
  const groups = groupPushes(wanted, offline);
  const planned = await planRelease(builds, plan ? undefined : access(builds, offline));
  const show = createProgressRenderer(process.stderr);
  const common = { useCache, locked, offline, continueOnError, onLog: rememberLog, emit: show.onEvent };
  if (plan) {
    const steps = await planTargets(wanted, common);
    printPlan(steps, groups, json, { folder: planned.folder });
    return;
  }
  const report = await runTargets(wanted, common).finally(() => show.close());
  const isDone = ({ name }: { readonly name?: string | undefined }) =>
    report.targets.some((target) => target.name === name && target.status === 'done');
  const after = createProgressRenderer(process.stderr);
  const events = { emit: after.onEvent, onLog: rememberLog };
  const published = await publishBuilds(groups, isDone, events).finally(() => after.close());
  const made = await collect(planned, report, sign, published, say);
  print(json ? renderJson(made, report) : renderRelease(made));
  for (const error of failuresOf(report.targets).reverse()) failWith(error);
}

async function collect(
  planned: PlannedRelease,
  report: TargetsReport,
  sign: SignSpec | undefined,
  published: readonly PublishedGroup[],
  say: (text: string) => void,
): Promise<ReleaseReport> {
  const [first] = planned.builds;
  return withSession(
    async (session) => {
      rememberLog(session.workspace.log);
      return makeRelease(planned, report, releasePorts(sign, published), session, say);
    },
    { engine: first?.spec.engine, secrets: secretVariables(sign) },
  );
}

function access(builds: readonly NamedBuild[], offline: boolean) {
  const { signal } = new AbortController();
  const runner = createRunner({ signal, log: () => undefined, env: process.env });
  const [first] = builds;
  if (first === undefined) throw new FactoryError('usage', 'the configuration has no target');
  return {
    registries: { runner, registries: first.spec.registries, env: process.env },
    fetch,
    signal,
    offline,
    notice: (text: string) => process.stderr.write(`notice: ${text}\n`),
  };
}

function renderJson({ release, ...made }: ReleaseReport, report: TargetsReport): string {
  const targets = report.targets.map((target) =>
    target.status === 'failed' ? { ...target, error: describeError(target.error) } : target,
  );
  return `${JSON.stringify({ ...made, ...(release ? { release } : {}), targets, seconds: report.seconds }, null, 2)}\n`;
}

/** What there is now, for people. */
export function renderRelease({ folder, outcome, missing, release }: ReleaseReport): string {
  const place = relative(process.cwd(), folder) || '.';
  const lacks = `It lacks ${missing.join(', ')}.`;
  switch (outcome) {
    case 'nothing':
      return `No target is done; ${place} is as it was.\n`;
    case 'kept':
      return `The release is not finished. ${lacks} ${place} has a finished one, which stays as it is.\n`;
    case 'unfinished':
      return `The release in ${place} is not finished. ${lacks}\n`;
    default: {
      const files = release ? [...release.targets.flatMap((target) => target.files), ...release.files] : [];
      const size = formatSize(files.reduce((sum, file) => sum + file.size, 0));
      const state = outcome === 'unchanged' ? 'is up to date' : 'is finished';
      return `Release ${release?.version} in ${place} ${state}, and verified: ${files.length} files, ${size}.\nLook at it: ${place}/index.html\n`;
    }
  }
}
