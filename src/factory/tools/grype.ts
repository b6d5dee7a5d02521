import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

/** Anchore's scanner, which Debian does not package, or any program of that name with the same interface. */
export const GRYPE: HostTool = {
  name: 'grype',
  package: 'grype',
  purpose: 'looks for known vulnerabilities',
  install:
    'Install grype (https://github.com/anchore/grype), or allow builds without a scan where it is missing: --fail-on SEVERITY,unless-missing.',
};

const Report = z.looseObject({
  matches: z.array(
    z.looseObject({
      vulnerability: z.looseObject({
        id: z.string(),
        severity: z.string().default('unknown'),
        fix: z.looseObject({ versions: z.array(z.string()).default([]) }).optional(),
      }),
      artifact: z.looseObject({ name: z.string(), version: z.string() }),
    }),
  ),
});

/** A vulnerability that the scanner found in a package. */
export interface Vulnerability {
  /** Such as `CVE-2024-3094`. */
  readonly id: string;
  /** The scanner's term, in lower case. */
  readonly severity: string;
  readonly package: string;
  readonly version: string;
  /** The version that fixes it; absent if there is none. */
  readonly fixedIn?: string;
}

/** Whether the scanner is installed. */
export async function hasGrype(runner: Runner): Promise<boolean> {
  return runner.locate(GRYPE).then(
    () => true,
    (error: unknown) => {
      if (error instanceof FactoryError && error.code === 'TOOL_MISSING') return false;
      throw error;
    },
  );
}

/**
 * Scans the packages of an SBOM for known vulnerabilities.
 * @param sbom path of a document in SPDX or CycloneDX
 * @param report path of the file that receives the scanner's own report, which can take tens of megabytes
 * @throws FactoryError `step` when the scanner fails or its output is not a report
 */
export async function findVulnerabilities(
  runner: Runner,
  sbom: string,
  report: string,
): Promise<Vulnerability[]> {
  await runner.run(GRYPE, ['--quiet', '--output', 'json', '--file', report, `sbom:${sbom}`]);
  try {
    return Report.parse(JSON.parse(await readFile(report, 'utf8'))).matches.map(
      ({ vulnerability, artifact }) => {
        const fixedIn = vulnerability.fix?.versions[0];
        return {
          id: vulnerability.id,
          severity: vulnerability.severity.toLowerCase(),
          package: artifact.name,
          version: artifact.version,
          ...(fixedIn === undefined ? {} : { fixedIn }),
        };
      },
    );
  } catch (error) {
    throw new FactoryError('TOOL_FAILED', 'cannot read the report of grype', {
      remedy: 'Look at the log, and use a grype whose "--output json" has the field "matches".',
      cause: error,
    });
  }
}
