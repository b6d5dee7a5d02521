import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type Finding, SECRET_KINDS } from './secret-kinds.ts';

/** Maximum number of findings in the message. */
const SHOWN = 20;

/** Makes the error for a build whose output contains secrets. It lists paths and remedies, but never a secret. @param where for the message */
export function secretsFound(findings: readonly Finding[], where = 'the build output'): FactoryError {
  const lines = findings.map(({ path, kind, line }) => {
    const { what, remedy } = SECRET_KINDS[kind];
    return `${path}${line === undefined ? '' : `:${line}`}: ${what}; ${remedy}`;
  });
  const more = lines.length > SHOWN ? [`and ${lines.length - SHOWN} more`] : [];
  return new FactoryError('SECRET_FOUND', `${findings.length} secret(s) in ${where}`, {
    details: [...lines.slice(0, SHOWN), ...more],
    remedy: 'Remove them; list false positives under audit.allow in the configuration, with the reason.',
  });
}
