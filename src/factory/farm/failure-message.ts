import type { ContainerStatus, Job, Pod } from '../kubernetes/objects.ts';
import { plainText } from './plain-text.ts';

/** Lines of what a container said last. */
const LINES = 5;

/**
 * Says why a Job failed: which container of its last pod, with which status, and what it said last.
 * @param pods those of the Job
 */
export function failureMessage(job: Job, pods: readonly Pod[]): string {
  const condition = job.status?.conditions?.find(
    ({ type, status }) => type === 'Failed' && status === 'True',
  );
  const last = newest(pods);
  const failed = last && statusesOf(last).find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  const deadline =
    condition?.reason === 'DeadlineExceeded' ? 'the build took longer than factory.timeoutSeconds; ' : '';
  if (failed?.state?.terminated === undefined)
    return `${deadline}${plainText(condition?.message ?? last?.status?.message ?? 'the Job failed')}`;
  const { exitCode, reason, message = '' } = failed.state.terminated;
  const why = reason === undefined || reason === 'Error' ? '' : ` (${reason})`;
  const said = plainText(lastLines(message));
  return `${deadline}container ${failed.name} ended with exit code ${exitCode}${why}${said === '' ? '' : `: ${said}`}`;
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-LINES).join('\n');
}

/** All containers of a pod, in the order in which they run. */
export function statusesOf({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** The pod that was made last. */
export function newest(pods: readonly Pod[]): Pod | undefined {
  return [...pods].sort((a, b) =>
    (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? 1 : -1,
  )[0];
}

/** What a pod that has not ended does, or waits for. */
export function progressMessage(pod: Pod | undefined): string {
  if (pod === undefined) return 'waits for its pod';
  const unscheduled = pod.status?.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  if (unscheduled?.message !== undefined) return plainText(`waits for a node: ${unscheduled.message}`);
  const all = statusesOf(pod);
  const running = all.find(({ state }) => state?.running !== undefined);
  if (running !== undefined) return `container ${running.name} runs`;
  const waiting = all.find(({ state }) => /BackOff|Err|Invalid/.test(state?.waiting?.reason ?? ''));
  if (waiting === undefined) return 'waits for its pod';
  const { reason = '', message = '' } = waiting.state?.waiting ?? {};
  return plainText(`container ${waiting.name} waits: ${reason}${message && `: ${message}`}`);
}
