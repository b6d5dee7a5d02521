import { readFileSync } from 'node:fs';
import type { ResultPromise } from 'execa';

/** Seconds that something takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return (performance.now() - started) / 1000;
}

/** The middle one of some figures. */
export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN;
}

/** Seconds that a program takes, and the largest resident set of its own process in MiB, looked at each 50 ms. */
export async function watched(child: ResultPromise): Promise<{ seconds: number; memory: number }> {
  let memory = 0;
  const watch = setInterval(() => {
    memory = Math.max(memory, peakMemory(child.pid ?? 0));
  }, 50);
  const seconds = await timed(() => child).finally(() => clearInterval(watch));
  return { seconds, memory };
}

/** VmHWM of /proc/PID/status (proc_pid_status(5)), in MiB. The launcher replaces itself, so the pid is node's. */
function peakMemory(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
