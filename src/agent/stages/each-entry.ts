import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';

/**
 * Applies an action to each entry of a step, in order. The failure of one does not affect the others.
 *
 * @throws FactoryError at the end: the failure itself if there is one, `step` with all of them if there are several
 */
export async function forEachEntry<T>(
  entries: Iterable<T>,
  act: (entry: T) => Promise<unknown>,
): Promise<void> {
  const failures: unknown[] = [];
  for (const entry of entries) await act(entry).catch((error: unknown) => failures.push(error));
  const [first, ...others] = failures;
  if (others.length > 0) {
    throw new FactoryError('STAGE_FAILED', failures.map(messageOf).join('; '), {
      remedy: 'Correct these entries of the step; the others were done.',
      details: failures.flatMap((error) => (error instanceof FactoryError ? error.details : [])),
    });
  }
  if (first !== undefined) throw first;
}
