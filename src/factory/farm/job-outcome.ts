import type { Job } from '../kubernetes/objects.ts';

/** Whether a Job has ended, and how. */
export function jobOutcome(job: Job): 'active' | 'complete' | 'failed' {
  const has = (wanted: string) =>
    job.status?.conditions?.some(({ type, status }) => type === wanted && status === 'True') ?? false;
  if (has('Complete')) return 'complete';
  return has('Failed') ? 'failed' : 'active';
}
