import { availableParallelism } from 'node:os';
import type { StepBytes, StepRecords } from './step-history.ts';

/** What a step is expected to take. */
export interface StepPrediction {
  /** Seconds on this machine; absent if it never ran here. */
  readonly seconds?: number;
  readonly bytes: StepBytes;
  /**
   * Where the numbers are from: the `same` step of an earlier build here, a `similar` one, such as the image of another flavor,
   * or a `typical` build.
   */
  readonly from: 'same' | 'similar' | 'typical';
}

const NOTHING: StepBytes = { cache: 0, store: 0, work: 0, output: 0 };
const MIB = 1024 * 1024;

/** The bytes of the root that the typical steps are about: Debian bookworm's with the kernel `cloud`. */
export const TYPICAL_ROOT = 490 * MIB;

/** What steps write in a build from that root (allocated bytes, measured). */
const TYPICAL: Readonly<Record<string, Partial<StepBytes>>> = {
  base: { store: 150 * MIB, work: 300 * MIB },
  image: { store: TYPICAL_ROOT },
  squashfs: { cache: 172 * MIB },
  'slot-image': { cache: 490 * MIB },
  boot: { cache: 54 * MIB },
  'artifact:oci': { output: 167 * MIB },
  'artifact:squashfs': { output: 172 * MIB },
  'artifact:iso': { output: 209 * MIB },
  'artifact:raw': { output: 1640 * MIB },
  'artifact:qcow2': { output: 570 * MIB },
  'artifact:vhd': { output: 1487 * MIB },
  'artifact:gce': { output: 539 * MIB },
  'artifact:vmdk': { output: 557 * MIB },
  'artifact:ova': { output: 557 * MIB },
  'artifact:netboot': { output: 22 * MIB },
};

/**
 * Predicts a step.
 * @param records of earlier runs of the step, the newest first
 * @param scale how much larger the root is than the typical one
 */
export function predictStep(
  { id, title }: { readonly id: string; readonly title: string },
  records: StepRecords,
  scale = 1,
): StepPrediction {
  const same = records.find((record) => record.title === title);
  const [latest] = records;
  if (same !== undefined) return { seconds: same.seconds, bytes: same.bytes, from: 'same' };
  if (latest !== undefined) return { seconds: latest.seconds, bytes: latest.bytes, from: 'similar' };
  const typical = { ...NOTHING, ...TYPICAL[id] };
  const bytes = Object.fromEntries(
    Object.entries(typical).map(([place, size]) => [place, Math.round(size * scale)]),
  ) as unknown as StepBytes;
  return { bytes, from: 'typical' };
}

/** A step on the clock. */
interface TimedStep {
  readonly id: string;
  readonly needs: readonly string[];
  readonly seconds: number;
}

/**
 * Predicts the wall time of steps that run as the scheduler runs them: when the steps that they need are done, and at most as many
 * at once as there are processors.
 * @param steps in topological order
 */
export function wallTime(
  steps: readonly TimedStep[],
  slots: number = Math.max(2, availableParallelism()),
): number {
  const ends = new Map<string, number>();
  /** When each slot is free again. */
  const free = Array.from({ length: slots }, () => 0);
  for (const { id, needs, seconds } of steps) {
    const ready = Math.max(0, ...needs.map((need) => ends.get(need) ?? 0));
    const slot = free.indexOf(Math.min(...free));
    const start = seconds === 0 ? ready : Math.max(ready, free[slot] ?? 0);
    ends.set(id, start + seconds);
    if (seconds > 0) free[slot] = start + seconds;
  }
  return Math.max(0, ...ends.values());
}
