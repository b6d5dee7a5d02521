import { FactoryError } from '../../common/errors/factory-error.ts';
import { createNodeFetch } from '../../common/http/node-fetch.ts';
import { shownPath } from '../../common/text/shown-path.ts';
import { formatSize } from '../../common/text/size-text.ts';
import type { BuildTarget } from '../config/build-spec.ts';
import { selectTargets } from '../config/matrix.ts';
import type { SignSpec } from '../config/signing.ts';
import { groupPushes, type PublishedGroup } from '../deliver/publish/publish-build.ts';
import {
  makeRelease,
  type PlannedRelease,
  planRelease,
  type ReleaseReport,
} from '../deliver/release/make-release.ts';
import type { TargetsReport } from '../pipeline/build-report.ts';
import { planTargets, runTargets } from '../pipeline/run-targets.ts';
import { withSession } from '../pipeline/session.ts';
import type { NamedBuild } from '../pipeline/target.ts';
import { secretVariables } from '../signing/signer.ts';
import { createRunner } from '../tools/runner.ts';
import type { RunOptions } from './artifact-options.ts';
import { planReport } from './plan-report.ts';
import { type CommandReport, presentReport } from './present-report.ts';
import { publishDone } from './publish-done.ts';
import { releasePorts, releaseSigner } from './release-ports.ts';
import { rememberLog } from './render-error.ts';
import { createProgressRenderer } from './render-progress.ts';
import { renderPush } from './render-push.ts';
import { notice, say } from './say.ts';
import { describeTargets, failuresOf } from './target-failures.ts';
import { ranInUserNamespace } from './user-namespace.ts';

/** The name in a release of the single build of a configuration without targets. */
const SINGLE = 'os';

/**
 * Makes a release and presents it: progress on stderr, the report on stdout, failures at the end on stderr. The exit status
 * is that of the first failure.
 * @param load loads all targets of the configuration
 * @param only patterns of the names of the targets to build; all when empty
 */
export async function presentRelease(
  load: () => Promise<BuildTarget[]>,
  only: readonly string[],
  options: RunOptions,
): Promise<void> {
  await presentReport(options, async () => {
    const builds = (await load()).map(({ name = SINGLE, spec }) => ({ name, spec }));
    const wanted = only.length === 0 ? builds : selectTargets(builds, only);
    return (await ranInUserNamespace(wanted)) ? undefined : releaseReport(builds, wanted, options);
  });
}

async function releaseReport(
  builds: readonly NamedBuild[],
  wanted: readonly NamedBuild[],
  options: RunOptions,
): Promise<CommandReport> {
  const { plan, useCache, locked, offline, continueOnError } = options;
  const sayReleased = (text: string) => say(`[release] ${text}`);
  const sign = releaseSigner(builds);
  // Problems with a push are reported before the build.
  const groups = groupPushes(wanted, { offline });
  const planned = await planRelease(builds, plan ? undefined : access(builds, { offline }));
  const show = createProgressRenderer(process.stderr);
  const common = { useCache, locked, offline, continueOnError, onLog: rememberLog, emit: show.onEvent };
  if (plan) {
    const steps = await planTargets(wanted, common);
    return await planReport(steps, groups, { more: { folder: planned.folder } });
  }
  const report = await runTargets(wanted, common).finally(() => show.close());
  const published = await publishDone(groups, report);
  const collected = await collect(planned, { report, sign, published, say: sayReleased });
  return {
    json: { ...describeRelease(collected, report), ...(published.length > 0 ? { push: published } : {}) },
    text: `${published.map(renderPush).join('')}${renderRelease(collected)}`,
    failures: failuresOf(report.targets),
  };
}

interface CollectOptions {
  readonly report: TargetsReport;
  readonly sign: SignSpec | undefined;
  readonly published: readonly PublishedGroup[];
  readonly say: (text: string) => void;
}

async function collect(
  planned: PlannedRelease,
  { report, sign, published, say }: CollectOptions,
): Promise<ReleaseReport> {
  const ports = releasePorts(sign, published);
  return withSession((session) => makeRelease(planned, { report, ports, session, say }), {
    secrets: secretVariables(sign),
    onLog: rememberLog,
  });
}

function access(builds: readonly NamedBuild[], { offline }: Pick<RunOptions, 'offline'>) {
  const { signal } = new AbortController();
  const runner = createRunner({ signal, log: () => undefined, env: process.env });
  const [first] = builds;
  if (first === undefined) throw new FactoryError('TARGET_UNKNOWN', 'the configuration has no target');
  return {
    registries: { runner, registries: first.spec.registries, env: process.env },
    fetch: createNodeFetch({ env: process.env }),
    signal,
    offline,
    notice,
  };
}

function describeRelease({ release, ...collected }: ReleaseReport, report: TargetsReport): object {
  const targets = describeTargets(report);
  return { ...collected, ...(release ? { release } : {}), targets, seconds: report.seconds };
}

/** Renders the outcome of a release. */
export function renderRelease({ folder, outcome, missing, release }: ReleaseReport): string {
  const place = shownPath(folder);
  const lacks = `Missing targets: ${missing.join(', ')}.`;
  switch (outcome) {
    case 'nothing':
      return `No target is finished; ${place} is unchanged.\n`;
    case 'kept':
      return `The release is not finished. ${lacks} The finished release in ${place} is kept.\n`;
    case 'unfinished':
      return `The release in ${place} is not finished. ${lacks}\n`;
    default: {
      const files = release ? [...release.targets.flatMap((target) => target.files), ...release.files] : [];
      const size = formatSize(files.reduce((sum, file) => sum + file.size, 0));
      const state = outcome === 'unchanged' ? 'is up to date' : 'is finished';
      return `Release ${release?.version} in ${place} ${state}, and verified: ${files.length} files, ${size}.\nView it: ${place}/index.html\n`;
    }
  }
}
