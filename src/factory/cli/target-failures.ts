import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { TargetReport, TargetsReport } from '../pipeline/build-report.ts';
import { describeError } from './render-error.ts';

/** Collects the failures of targets; targets that share a failed step share one error. */
export function failuresOf(targets: readonly TargetReport[]): unknown[] {
  const failures = new Map<string, { readonly error: unknown; readonly names: string[] }>();
  for (const target of targets) {
    if (target.status !== 'failed') continue;
    const key = messageOf(target.error);
    const known = failures.get(key) ?? { error: target.error, names: [] };
    failures.set(key, known);
    if (target.name !== undefined) known.names.push(target.name);
  }
  return [...failures.values()].map(({ error, names }) => {
    if (!(error instanceof FactoryError)) return error;
    const { code, message, details, remedy } = error;
    return new FactoryError(code, `${names.join(', ')}: ${message}`, {
      details,
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  });
}

/** Converts the targets of a report to JSON, including their errors. */
export function describeTargets({ targets }: TargetsReport): object[] {
  return targets.map((target) =>
    target.status === 'failed' ? { ...target, error: describeError(target.error) } : target,
  );
}
