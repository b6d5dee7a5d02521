import { z } from 'zod';
import { parseJson } from '../oci/registry/repository-reader.ts';

/** The in-toto predicate type of test results (in-toto attestation, predicates/test-result.md). */
export const TEST_RESULT = 'https://in-toto.io/attestation/test-result/v0.1';

/** The events in the life of a node that can be proven, in the order in which they happen. */
export const LIFE_EVENTS = ['boot', 'install', 'upgrade', 'fallback', 'reset'] as const;
export type LifeEvent = (typeof LIFE_EVENTS)[number];

/** Events that a proof must name as passed, as a policy lists them. */
export const RequiredEvents = z.array(z.enum(LIFE_EVENTS)).min(1);

/** One test of a proof. */
export interface ProofTest {
  /** The artifact and the firmware, such as `os.iso on uefi`. */
  readonly machine: string;
  readonly event: LifeEvent;
  /** What the system was asked after the event; absent for the event itself. */
  readonly check?: string;
}

/** The name of a test in a statement. Neither the names of files nor those of events have a slash, so it can be read back. */
export function testName({ machine, event, check }: ProofTest): string {
  return [machine, event, ...(check === undefined ? [] : [check])].join('/');
}

const Statement = z.object({
  predicate: z.object({
    result: z.string(),
    passedTests: z.array(z.string()).default([]),
    failedTests: z.array(z.string()).default([]),
  }),
});

/** An event that passed, with the artifact whose machine lived through it. */
export interface ProvenEvent {
  readonly artifact: string;
  readonly event: LifeEvent;
}

/**
 * Returns the events that a statement names as passed; none when any test failed. The caller has verified its signature, its
 * type and its subject.
 * @throws Error when the payload is not a statement with test results
 */
export function provenEvents(payload: Uint8Array): ProvenEvent[] {
  const { predicate } = parseJson(Statement, payload);
  if (predicate.result !== 'PASSED' || predicate.failedTests.length > 0) return [];
  return predicate.passedTests.flatMap((name) => {
    const [machine = '', word, ...check] = name.split('/');
    const event = LIFE_EVENTS.find((known) => known === word);
    if (event === undefined || check.length > 0) return [];
    return [{ artifact: machine.replace(/ on [a-z]+$/, ''), event }];
  });
}
