import type { ProofTest } from '../../common/trust/proof.ts';

/** The result of one test in one machine. */
export interface ProofResult extends ProofTest {
  readonly seconds: number;
  /** What the check printed. */
  readonly output: string;
  /** Why it failed; absent if it passed. */
  readonly failure?: string;
}

/** The name of a test in its machine, for people: `upgrade`, or `upgrade: the agent runs`. */
export function shownTest({ event, check }: ProofTest): string {
  return check === undefined ? event : `${event}: ${check}`;
}
