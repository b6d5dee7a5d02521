import { z } from 'zod';
import { cacheKey } from './cache.ts';
import type { Results, Step } from './step.ts';

/** Facts that name an image of the engine. */
export const WithImage = z.object({ image: z.string() });

/**
 * The key under which other machines find a result. The key of an image stands for the newest packages of a day, so two builds may have
 * other packages under the same one. Each build names its image anew; with that name in their keys, the parts that a machine takes are
 * those of the image that it takes.
 */
export function sharedKey(step: Step, key: string, results: Results): string {
  const images = step.needs.flatMap((id) => WithImage.safeParse(results.get(id)?.facts).data?.image ?? []);
  return images.length === 0 ? key : cacheKey(step.id, [key, images], []);
}
