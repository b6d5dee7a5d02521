import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { explainOnNode } from '../host/error-lines.ts';
import type { Finding } from './check.ts';

/** Makes a finding of an error that ended a check, or a part of one. */
export function failed(thrown: unknown): Finding {
  const error = explainOnNode(thrown);
  if (!(error instanceof FactoryError))
    return {
      level: 'failure',
      text: `the check could not run: ${messageOf(error)}`,
      remedy: 'Report it with "kairos-agent logs".',
    };
  const { message, details, remedy = 'Read the log with "journalctl -b".' } = error;
  return { level: 'failure', text: [message, ...details].join('; '), remedy };
}
