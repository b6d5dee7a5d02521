import { z } from 'zod';

/** What the API server and the kubelet keep of a termination log, in bytes. */
export const LONGEST_REPORT = 4096;

/** A file that a build made. */
export const ReportedArtifact = z.strictObject({
  kind: z.string().max(50),
  /** Relative to the root of the volume. */
  file: z.string().max(500),
  /** In bytes. */
  size: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ReportedArtifact = z.output<typeof ReportedArtifact>;

/** What the last container of a build says in its termination log. */
export const BuildReport = z.strictObject({
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .optional(),
  artifacts: z.array(ReportedArtifact).max(100),
  omitted: z.int().min(0).optional(),
});
export type BuildReport = z.output<typeof BuildReport>;

/** Writes a report that fits into a termination log: files at the end are left out, and counted. */
export function writeReport({ digest, artifacts }: Pick<BuildReport, 'digest' | 'artifacts'>): string {
  for (let kept = Math.min(artifacts.length, 100); ; kept -= 1) {
    const omitted = artifacts.length - kept;
    const text = JSON.stringify({
      ...(digest !== undefined && { digest }),
      artifacts: artifacts.slice(0, kept),
      ...(omitted > 0 && { omitted }),
    });
    if (Buffer.byteLength(text) <= LONGEST_REPORT || kept === 0) return text;
  }
}

/** Reads a report; `undefined` for a text that is not one. */
export function readReport(text: string | undefined): BuildReport | undefined {
  try {
    return BuildReport.safeParse(JSON.parse(text ?? '')).data;
  } catch {
    return undefined;
  }
}
