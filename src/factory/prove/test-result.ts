import { STATEMENT_TYPE } from '../../common/trust/statement-type.ts';
import type { Resource } from '../inspect/provenance/statement.ts';
import type { ProofResult } from './proof-result.ts';

/** The in-toto predicate type of test results. */
export const TEST_RESULT = 'https://in-toto.io/attestation/test-result/v0.1';

/**
 * Renders results as an in-toto statement with the predicate test-result v0.1. It contains neither durations nor output, so
 * that two runs with the same outcome have the same statement.
 */
export function testResultStatement(
  subjects: readonly Resource[],
  results: readonly ProofResult[],
  configuration: readonly Resource[],
): object {
  const names = (failed: boolean) =>
    results
      .filter(({ failure }) => (failure !== undefined) === failed)
      .map(({ machine, name }) => `${machine}: ${name}`)
      .sort();
  return {
    _type: STATEMENT_TYPE,
    subject: subjects,
    predicateType: TEST_RESULT,
    predicate: {
      result: names(true).length === 0 ? 'PASSED' : 'FAILED',
      configuration,
      passedTests: names(false),
      failedTests: names(true),
    },
  };
}
