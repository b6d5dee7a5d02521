import { type ProofResult, shownTest } from '../prove/proof-result.ts';
import type { Proof } from '../prove/prove.ts';

/** Renders the result of one test, while the proof goes on. */
export function renderResult({ output, failure, ...test }: ProofResult): string {
  const name = `${test.machine}: ${shownTest(test)}`;
  const detail = output === '' ? '' : ` (${output.split('\n').at(-1)})`;
  if (failure === undefined) return `passed  ${name}${detail}`;
  return [`FAILED  ${name}: ${failure}`, ...output.split('\n').map((line) => `  ${line}`)].join('\n');
}

/** Renders the outcome of a proof. */
export function renderProof(proof: Proof & { readonly signature?: string }): string {
  const { passed, results, junit, statement, signature } = proof;
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  const summary = passed
    ? `All ${results.length} checks passed.`
    : `${failed} of ${results.length} checks failed.`;
  return [summary, junit, statement, ...(signature === undefined ? [] : [signature]), ''].join('\n');
}
