import { TEST_RESULT, testName } from '../../common/trust/proof.ts';
import { STATEMENT_TYPE } from '../../common/trust/statement-type.ts';
import type { Resource } from '../inspect/provenance/statement.ts';
import type { ProofResult } from './proof-result.ts';

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
      .map(testName)
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
