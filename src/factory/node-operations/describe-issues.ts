import type { z } from 'zod';

/** Issues that a message names. */
const NAMED = 3;

/** What is wrong with a spec, with the fields. */
export function describeIssues({ issues }: z.ZodError): string {
  const texts = issues.map(({ path, message }) => `${['spec', ...path].join('.')}: ${message}`);
  return texts.slice(0, NAMED).join('; ');
}
