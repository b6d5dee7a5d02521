import { KIND } from '../kubernetes/kinds.ts';
import type { KubeApi } from '../kubernetes/kube-api.ts';
import type { Job } from '../kubernetes/objects.ts';
import { jobOutcome } from './job-outcome.ts';
import { BUILDS } from './names.ts';

/** The places that builds have, in all namespaces. */
export interface Places {
  /**
   * Starts a build, if there is a place for it.
   * @returns `undefined`, or how many builds run, so that it was not started
   */
  readonly take: (start: () => Promise<void>) => Promise<number | undefined>;
}

/**
 * Counts builds by asking the API server, one asker after the other: a cache of a watch would not know yet what was just started.
 * @param options.namespace counts there only; in all without it
 */
export function placesOfBuilds({
  api,
  maxBuilds,
  namespace,
}: {
  readonly api: KubeApi;
  readonly maxBuilds: number;
  readonly namespace?: string | undefined;
}): Places {
  let last: Promise<unknown> = Promise.resolve();
  return {
    take: (start) => {
      const taken = last.then(async () => {
        const jobs = await api.list<Job>(KIND.job, { labels: BUILDS, namespace });
        const running = jobs.filter((job) => jobOutcome(job) === 'active').length;
        if (running >= maxBuilds) return running;
        await start();
        return undefined;
      });
      last = taken.catch(() => undefined);
      return taken;
    },
  };
}
