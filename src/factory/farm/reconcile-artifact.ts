import { FactoryError } from '../../common/errors/factory-error.ts';
import { KIND } from '../kubernetes/kinds.ts';
import type { KubeApi } from '../kubernetes/kube-api.ts';
import type { Job, KubeObject, Pod } from '../kubernetes/objects.ts';
import type { RecordEvent } from '../kubernetes/record-event.ts';
import { artifactsClaim, buildConfigMap, buildJob, type FarmInput } from './build-job.ts';
import { readReport } from './build-report.ts';
import { exportJob } from './export-job.ts';
import { failureMessage, newest, progressMessage } from './failure-message.ts';
import { jobOutcome } from './job-outcome.ts';
import { OS_ARTIFACT } from './kinds.ts';
import { farmNames, LABEL } from './names.ts';
import type { Places } from './places-of-builds.ts';
import { plainText } from './plain-text.ts';
import { readSpec } from './read-spec.ts';
import type { OSArtifact } from './status.ts';
import { type FarmState, writeStatus } from './write-status.ts';

/** What the controller works with. */
export interface FarmPorts {
  readonly api: KubeApi;
  readonly recordEvent: RecordEvent;
  /** The container image of this program, which builds run in. */
  readonly image: string;
  /** How many builds run at the same time. */
  readonly places: Places;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** How soon to look again at what no watch reports, in seconds. */
const SOON = 2;
const LATER = 30;

interface Step {
  readonly state?: FarmState;
  readonly again?: number;
}

/**
 * Looks at one OSArtifact and takes the next step. Everything is read afresh: the caches of watches only say when to look.
 * @throws KubeError when the API server refuses or cannot be reached
 */
export async function reconcileArtifact(
  ports: FarmPorts,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<{ readonly again?: number }> {
  const artifact = await ports.api.read<OSArtifact>({ kind: OS_ARTIFACT, namespace, name });
  if (artifact === undefined || artifact.metadata.deletionTimestamp !== undefined) return {};
  const { state, again } = await nextStep(ports, artifact);
  if (state) await writeStatus(ports, artifact, state);
  return again === undefined ? {} : { again };
}

async function nextStep(ports: FarmPorts, artifact: OSArtifact): Promise<Step> {
  const spec = readSpec(artifact);
  if (typeof spec === 'string') return { state: { phase: 'Error', reason: 'SpecRefused', message: spec } };
  const { metadata } = artifact;
  const input: FarmInput = { metadata, spec, names: farmNames(metadata, spec), image: ports.image };
  try {
    return await build(ports, artifact, input);
  } catch (error) {
    const message = refusalOf(error);
    if (message === undefined) throw error;
    return { state: { phase: 'Error', reason: 'SpecRefused', message } };
  }
}

/** What is wrong with the spec itself, so that another try would not help. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status } = error as { readonly status?: unknown };
  const isRefused = status === 400 || status === 422;
  const isUnusable = error instanceof FactoryError && error.kind === 'usage';
  return isRefused || isUnusable ? plainText(error.message) : undefined;
}

async function build(ports: FarmPorts, artifact: OSArtifact, input: FarmInput): Promise<Step> {
  const { api } = ports;
  const { names, metadata } = input;
  const { status } = artifact;
  // A Job may be removed after its build: it is not built again.
  const isBuilt = status?.build === names.build && status.artifacts !== undefined;
  if (isBuilt) return await exportAll(ports, input, { artifact, built: builtOf(artifact) });
  const job = await readJob(api, names.build, metadata.namespace);
  if (job === undefined) return await start(ports, input);
  const pods = await podsOf(api, names.build, metadata.namespace);
  const outcome = jobOutcome(job);
  if (outcome === 'active')
    return {
      state: {
        phase: 'Building',
        reason: 'Building',
        message: progressMessage(newest(pods)),
        build: names.build,
      },
    };
  const failed = (message: string): Step => ({
    state: { phase: 'Error', reason: 'BuildFailed', message, build: names.build },
  });
  if (outcome === 'failed') return failed(failureMessage(job, pods));
  const report = pods.map(reportOf).find((found) => found !== undefined);
  if (report === undefined) return failed('the build ended without a report of what it made');
  const { buildImage, push } = input.spec.image ?? {};
  const reference = push && buildImage && `${buildImage.registry}/${buildImage.repository}:${buildImage.tag}`;
  const { digest, artifacts, omitted } = report;
  const image = {
    ...(reference && { reference }),
    ...(digest !== undefined && { digest }),
  };
  const built = {
    ...{ build: names.build, artifacts },
    ...(omitted !== undefined && { omitted }),
    ...(Object.keys(image).length > 0 && { image }),
  };
  return await exportAll(ports, input, { artifact, built });
}

type Built = Pick<FarmState, 'build' | 'image' | 'artifacts' | 'omitted'>;

function builtOf({ status = {} }: OSArtifact): Built {
  const { build, image, artifacts, omitted } = status;
  return {
    ...(build !== undefined && { build }),
    ...(image && { image }),
    ...(artifacts && { artifacts }),
    ...(omitted !== undefined && { omitted }),
  };
}

function reportOf(pod: Pod) {
  const report = pod.status?.containerStatuses?.find(({ name }) => name === 'report')?.state?.terminated;
  return report?.exitCode === 0 ? readReport(report.message) : undefined;
}

async function start(ports: FarmPorts, input: FarmInput): Promise<Step> {
  const { api, places } = ports;
  const { metadata, names } = input;
  const pending = (reason: string, message: string, again: number): Step => ({
    state: { phase: 'Pending', reason, message },
    again,
  });
  if (await removeOthers(api, input))
    return pending('Replacing', 'waits for the end of an older build', SOON);
  const claim = artifactsClaim(input);
  if (!(await api.create(claim)) && !(await isOurs(api, claim, metadata.uid)))
    return {
      state: {
        ...{ phase: 'Error', reason: 'NameTaken' },
        message: `the PersistentVolumeClaim ${names.claim} is there, and not for this OSArtifact`,
      },
      again: LATER,
    };
  await api.create(buildConfigMap(input));
  const job = buildJob(input);
  const running = await places.take(async () => {
    await api.create(job);
  });
  if (running !== undefined)
    return pending('Queued', `waits for ${running} ${running === 1 ? 'build' : 'builds'}`, LATER);
  return {
    state: { phase: 'Building', reason: 'Building', message: 'waits for its pod', build: names.build },
  };
}

async function isOurs(
  api: KubeApi,
  { metadata: { name, namespace } }: KubeObject,
  uid: string | undefined,
): Promise<boolean> {
  const found = await api.read({ kind: KIND.claim, name, namespace });
  return found?.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? true;
}

/**
 * Removes the Jobs of earlier specs. They write to the volume of this one.
 * @returns whether any of their pods is still there
 */
async function removeOthers(api: KubeApi, { metadata, names }: FarmInput): Promise<boolean> {
  const labels = `${LABEL.owner}=${metadata.uid}`;
  const { namespace } = metadata;
  const isOther = ({ metadata: { labels = {} } }: KubeObject) => {
    const job = labels[LABEL.job] ?? '';
    return job !== names.build && !names.exports.includes(job);
  };
  const jobs = (await api.list<Job>(KIND.job, { namespace, labels })).filter(isOther);
  for (const { metadata } of jobs) await api.remove({ kind: KIND.job, namespace, name: metadata.name });
  const maps = (await api.list(KIND.configMap, { namespace, labels })).filter(isOther);
  for (const { metadata } of maps) await api.remove({ kind: KIND.configMap, namespace, name: metadata.name });
  const pods = (await api.list<Pod>(KIND.pod, { namespace, labels })).filter(isOther);
  return pods.some(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
}

/** Runs the exporters, one Job each, and is ready when all have ended. */
async function exportAll(
  ports: FarmPorts,
  input: FarmInput,
  { artifact, built }: { readonly artifact: OSArtifact; readonly built: Built },
): Promise<Step> {
  const { api } = ports;
  const { exports: names } = input.names;
  const { namespace } = input.metadata;
  const { status } = artifact;
  const isExported = status?.phase === 'Ready' && status.observedGeneration === artifact.metadata.generation;
  // Everything was done for this spec: Jobs that somebody removed do not run again.
  if (isExported && status.build === input.names.build) return {};
  const made = built.artifacts?.length ?? 0;
  const ready: FarmState = {
    ...built,
    phase: 'Ready',
    reason: 'Ready',
    message: `${made} ${made === 1 ? 'file' : 'files'} built`,
  };
  const left: string[] = [];
  for (const [index, name] of names.entries()) {
    const job = await readJob(api, name, namespace);
    if (job === undefined) {
      await removeOthers(api, input);
      await api.create(exportJob(input, index));
      left.push(name);
      continue;
    }
    const outcome = jobOutcome(job);
    if (outcome === 'active') left.push(name);
    if (outcome === 'failed') {
      const message = `exporter ${index} failed: ${failureMessage(job, await podsOf(api, name, namespace))}`;
      return { state: { ...built, phase: 'Error', reason: 'ExportFailed', message } };
    }
  }
  if (left.length === 0) return { state: ready };
  const message = `${names.length - left.length} of ${names.length} exporters done`;
  return { state: { ...built, phase: 'Exporting', reason: 'Exporting', message } };
}

function readJob(api: KubeApi, name: string, namespace: string | undefined): Promise<Job | undefined> {
  return api.read<Job>({ kind: KIND.job, name, namespace });
}

function podsOf(api: KubeApi, job: string, namespace: string | undefined): Promise<readonly Pod[]> {
  return api.list<Pod>(KIND.pod, { namespace, labels: `${LABEL.job}=${job}` });
}
