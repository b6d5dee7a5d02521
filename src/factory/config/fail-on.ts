import { z } from 'zod';

/** Severities of vulnerabilities, the worst first (grype; terms of CVSS and of Debian's tracker). */
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'negligible'] as const;
export type Severity = (typeof SEVERITIES)[number];
/** Suffix of a severity in `fail-on` that allows builds without a scanner. */
const UNLESS_MISSING = ',unless-missing';

/** The lowest severity of a known vulnerability that fails a build. */
export interface FailOn {
  readonly severity: Severity;
  /** Whether a build without a scanner is allowed; otherwise it fails. */
  readonly unlessMissing: boolean;
}

/** The schema of `fail-on`. */
export const FailOn = z
  .enum([...SEVERITIES, ...SEVERITIES.map((severity) => `${severity}${UNLESS_MISSING}` as const)])
  .transform(
    (text): FailOn => ({
      severity: text.replace(UNLESS_MISSING, '') as Severity,
      unlessMissing: text.endsWith(UNLESS_MISSING),
    }),
  );
