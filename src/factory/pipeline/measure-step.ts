import { z } from 'zod';
import { allocatedBytes } from '../../common/files/allocated-bytes.ts';
import type { StepResult } from './step.ts';
import type { StepBytes } from './step-history.ts';

/** Facts of a step whose result is an OS image. */
const WithTree = z.object({ facts: z.object({ tree: z.object({ bytes: z.number() }) }) });
/** Facts of a step whose result is another image in the store. */
const WithImage = z.object({ image: z.string() });

/**
 * Measures what a step has written, before its temporary files are removed.
 * @param places the step's directories
 */
export function measureStep(
  { facts, files }: Pick<StepResult, 'facts' | 'files'>,
  { objects, scratch }: { readonly objects: string; readonly scratch: string },
): StepBytes {
  const outside = Object.values(files).filter((file) => !file.startsWith(`${objects}/`));
  const work = allocatedBytes(scratch);
  const tree = WithTree.safeParse(facts).data?.facts.tree.bytes;
  // An imported image was unpacked from a temporary file of about its size.
  const imported = WithImage.safeParse(facts).success ? work : 0;
  return {
    cache: allocatedBytes(objects),
    store: tree ?? imported,
    work,
    output: outside.map(allocatedBytes).reduce((sum, size) => sum + size, 0),
  };
}
