import { CONFORMANCE_RULES, type ConformanceRule } from './conformance-rules.ts';
import { examineRoot } from './examine-root.ts';

/** The result of checking an OS image against one rule. */
export interface Finding {
  /** The rule, such as `kernel`. */
  readonly check: string;
  readonly passed: boolean;
  /** An image that fails a required check is not an OS; other failures are reported and accepted. */
  readonly required: boolean;
  /** The problem and its remedy, or what was found. */
  readonly text: string;
}

/** Marks an image made from a root that lacks programs: it boots and has an agent, but it is not a full node. */
export const BARE_MARK = '/usr/lib/kairos/bare';

/**
 * Checks that a root filesystem conforms to the rules for OS images (docs/contract.md 6.9).
 * @param path host path of the tree; links are not followed outside of it
 * @returns a finding for each applicable rule, in the order of the table
 */
export async function checkConformance(path: string): Promise<Finding[]> {
  const root = await examineRoot(path);
  // A bare root may lack what only users, installation and upgrade need.
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
