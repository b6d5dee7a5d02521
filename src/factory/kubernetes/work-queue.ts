/** The clock of a queue; tests have their own. */
export interface Timers {
  /** Calls a function after a time, in milliseconds. @returns what cancels it */
  readonly after: (milliseconds: number, call: () => void) => () => void;
}

/** Keys that wait for work. */
export interface WorkQueue {
  /** Adds a key, at once. One that waits is not added twice; one in work is worked on again after that. */
  readonly add: (key: string) => void;
  /** How many keys wait, without those whose time has not come. */
  readonly depth: () => number;
  /** Ends when the work that was begun has ended; nothing further is begun. */
  readonly stop: () => Promise<void>;
}

/** Milliseconds before the first repetition after a failure, and the longest. */
const FIRST_DELAY = 500;
const LONGEST_DELAY = 120_000;

/**
 * Works on keys, several at the same time, and never twice at the same time on one key. A key whose work fails comes again, each time
 * later; a key whose work asks for a later time comes then, unless it is added before.
 */
export function createWorkQueue({
  work,
  failed,
  concurrency,
  timers = SYSTEM_TIMERS,
}: {
  readonly work: (key: string) => Promise<{ readonly again?: number | undefined }>;
  /** Learns of each failure; the queue repeats it. */
  readonly failed: (key: string, error: unknown) => void;
  readonly concurrency: number;
  readonly timers?: Timers;
}): WorkQueue {
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const later = new Map<string, () => void>();
  const failures = new Map<string, number>();
  let isStopped = false;

  const add = (key: string) => {
    later.get(key)?.();
    later.delete(key);
    waiting.add(key);
    pump();
  };
  const addLater = (key: string, milliseconds: number) => {
    if (isStopped || waiting.has(key)) return;
    later.get(key)?.();
    later.set(
      key,
      timers.after(milliseconds, () => add(key)),
    );
  };
  const run = async (key: string) => {
    try {
      const { again } = await work(key);
      failures.delete(key);
      if (again !== undefined) addLater(key, again * 1000);
    } catch (error) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      failed(key, error);
      addLater(key, Math.min(FIRST_DELAY * 2 ** count, LONGEST_DELAY));
    }
  };
  const pump = () => {
    for (const key of waiting) {
      if (isStopped || running.size >= concurrency) return;
      if (running.has(key)) continue;
      waiting.delete(key);
      const done = run(key).finally(() => {
        running.delete(key);
        pump();
      });
      running.set(key, done);
    }
  };
  return {
    add,
    depth: () => waiting.size,
    stop: async () => {
      isStopped = true;
      for (const cancel of later.values()) cancel();
      await Promise.all(running.values());
    },
  };
}

const SYSTEM_TIMERS: Timers = {
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};
