import { TEST_RESULT } from '../../../../../src/common/trust/proof.ts';

/** The predicate of a test result; parts can be overridden. */
export function proofPredicate(passedTests: readonly string[], more: object = {}): object {
  return { result: 'PASSED', configuration: [], passedTests, failedTests: [], ...more };
}

/** A statement with test results about an image or file. */
export function proofStatement(
  digest: string,
  predicate: object,
  { name, predicateType = TEST_RESULT }: { name?: string; predicateType?: string } = {},
): string {
  const subject = [{ ...(name && { name }), digest: { sha256: digest.replace('sha256:', '') } }];
  return JSON.stringify({ _type: 'https://in-toto.io/Statement/v1', subject, predicateType, predicate });
}
