import { CONFORMANCE_RULES, type ConformanceRule } from './conformance-rules.ts';
import { examineRoot } from './examine-root.ts';

/** What came of holding an OS image to one rule. */
export interface Finding {
  /** What was looked at, such as `kernel`. */
  readonly check: string;
  readonly passed: boolean;
  /** An image that fails a required check is not an OS; other failures are reported and accepted. */
  readonly required: boolean;
  /** What is wrong and what to do, or what was found. */
  readonly text: string;
}

/** Says that an image was made from a root that cannot run the agent: it boots, and does nothing else of a node. */
export const BARE_MARK = '/usr/lib/kairos/bare';

/**
 * Checks a root filesystem against what an OS image must have (docs/contract.md 6.9).
 * @param path host path of the tree; nothing is followed outside of it
 * @returns a finding for each rule that applies, in the order of the table
 */
export async function checkConformance(path: string): Promise<Finding[]> {
  const root = await examineRoot(path);
  // What only the agent and people need, a bare root may lack.
  const isBare = await root.has(BARE_MARK);
  const findings: Finding[] = [];
  for (const rule of CONFORMANCE_RULES) {
    if (rule.appliesTo?.(root) === false) continue;
    const problem = await rule.problem(root);
    const found = typeof rule.found === 'string' ? rule.found : rule.found(root);
    findings.push({
      check: rule.id,
      passed: problem === undefined,
      required: isRequired(rule.severity, { isBare }),
      text: problem ?? found,
    });
  }
  return findings;
}

function isRequired(
  severity: ConformanceRule['severity'],
  { isBare }: { readonly isBare: boolean },
): boolean {
  return severity === 'required' || (severity === 'required unless bare' && !isBare);
}
