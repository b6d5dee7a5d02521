import { z } from 'zod';
import { timestamp } from './timestamp.ts';

/** A condition in the status of a resource of ours. */
export const Condition = z.strictObject({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: z.string().optional(),
});
type Condition = z.output<typeof Condition>;

/**
 * A condition as it is now, for `kubectl wait`. Its time is that of the last change of its status.
 * @param options.before the conditions so far
 * @param options.now milliseconds since 1970
 */
export function conditionNow(
  condition: Omit<Condition, 'lastTransitionTime'>,
  { before, now }: { readonly before: readonly Condition[] | undefined; readonly now: number },
): Condition {
  const old = before?.find(({ type }) => type === condition.type);
  const since = old?.status === condition.status ? old.lastTransitionTime : undefined;
  return { ...condition, lastTransitionTime: since ?? timestamp(now) };
}
