import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type Finding, SECRET_KINDS } from './secret-kinds.ts';

/** As many as a person reads at once. */
const SHOWN = 20;

/** The failure of a build whose results hold secrets: it names places and remedies, and never a secret. */
export function secretsFound(findings: readonly Finding[]): FactoryError {
  const lines = findings.map(({ path, kind, line }) => {
    const { what, remedy } = SECRET_KINDS[kind];
    return `${path}${line === undefined ? '' : `:${line}`}: ${what}; ${remedy}`;
  });
  const more = lines.length > SHOWN ? [`and ${lines.length - SHOWN} more`] : [];
  return new FactoryError('SECRET_FOUND', `${findings.length} secret(s) in what would be shipped`, {
    details: [...lines.slice(0, SHOWN), ...more],
    remedy: 'Remove them; what is no secret goes under audit.allow in the configuration, with the reason.',
  });
}
