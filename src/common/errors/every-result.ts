import { FactoryError } from './factory-error.ts';

/**
 * Runs all of several checks, so that a person sees all problems in one round.
 * @returns their results
 * @throws the only error; for several, a `FactoryError` with the code and remedy of the first, and a detail line for each further
 * problem; an error of another type at once
 */
export function everyResult<T>(checks: readonly (() => T)[]): T[] {
  const failures: FactoryError[] = [];
  const results = checks.flatMap((check) => {
    try {
      return [check()];
    } catch (error) {
      if (!(error instanceof FactoryError)) throw error;
      failures.push(error);
      return [];
    }
  });
  throwAll(failures);
  return results;
}

/** Like {@link everyResult}, for checks that run at the same time and whose results have names. */
export async function everyPromise<T extends Record<string, unknown>>(
  checks: {
    readonly [Name in keyof T]: () => Promise<T[Name]> | T[Name];
  },
): Promise<T> {
  const entries = await Promise.all(
    Object.entries(checks).map(async ([name, check]: [string, () => unknown]) => {
      try {
        return { name, value: await check() };
      } catch (error) {
        if (error instanceof FactoryError) return { name, error };
        throw error;
      }
    }),
  );
  throwAll(entries.flatMap(({ error }) => (error === undefined ? [] : [error])));
  return Object.fromEntries(entries.map(({ name, value }) => [name, value])) as T;
}

function throwAll([first, ...others]: readonly FactoryError[]): void {
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const { code, message, remedy } = first;
  const lines = others.flatMap((error) => [
    error.remedy === undefined || error.remedy === remedy
      ? error.message
      : `${error.message} (${lowerFirst(error.remedy)})`,
    ...error.details,
  ]);
  throw new FactoryError(code, message, {
    // Targets share keys, and their problems.
    details: [...new Set([...first.details, ...lines])].filter((line) => line !== message),
    ...(remedy === undefined ? {} : { remedy }),
    cause: first,
  });
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
