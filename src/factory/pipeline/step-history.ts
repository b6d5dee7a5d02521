import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeInPlace } from '../../common/files/output-file.ts';
import { makeDirectory } from '../../common/files/sync-path.ts';

/** How many records of a step are kept. */
const KEPT = 8;

const Bytes = z.object({
  /** Files of the result, in the cache. */
  cache: z.number(),
  /** Images, in the engine's store. */
  store: z.number(),
  /** Temporary files, beside the cache. */
  work: z.number(),
  /** Files in the output directory. */
  output: z.number(),
});
/** The bytes that a step writes, by place. */
export type StepBytes = Readonly<z.output<typeof Bytes>>;

const Measure = z.object({
  title: z.string(),
  seconds: z.number(),
  bytes: Bytes,
});
/** How long a step took on this machine, and what it wrote. */
export type StepMeasure = Readonly<z.output<typeof Measure>> & { readonly id: string };

/** Records of a step, the newest first. */
export type StepRecords = readonly Omit<StepMeasure, 'id'>[];

/** Reads the records of a step; none when they are missing or damaged. */
export async function readHistory(directory: string, id: string): Promise<StepRecords> {
  const text = await readFile(fileOf(directory, id), 'utf8').catch(() => '[]');
  try {
    return z.array(Measure).parse(JSON.parse(text));
  } catch {
    return [];
  }
}

/** Seconds and bytes below which a step is not worth a record. */
const SHORT = 0.3;
const SMALL = 4 * 1024 * 1024;

/**
 * Adds a record, which replaces an older one of the same title. The file appears completely or not at all; of two runs at the
 * same moment, the last one wins.
 */
export async function recordMeasure(directory: string, { id, ...measure }: StepMeasure): Promise<void> {
  const { cache, store, work, output } = measure.bytes;
  if (measure.seconds < SHORT && cache + store + work + output < SMALL) return;
  await makeDirectory(directory, 0o700);
  const others = (await readHistory(directory, id)).filter(({ title }) => title !== measure.title);
  const records = [measure, ...others].slice(0, KEPT);
  const file = fileOf(directory, id);
  await writeInPlace(file, JSON.stringify(records), { partial: `${file}.${process.pid}.partial` });
}

function fileOf(directory: string, id: string): string {
  return join(directory, `${id}.json`);
}
