import { relative } from 'node:path';
import * as z from 'zod';
import type { TestResults } from './results.ts';

const skip = z.strictObject({
  /** The test file, relative to the project directory. */
  file: z.string().regex(/^test\/.*\.test\.ts$/),
  /**
   * The titles of the enclosing groups and of the test, joined by ` > `, or a prefix that ends at a word boundary: the title
   * of a group covers all tests in it.
   */
  test: z.string().min(1),
  reason: z.string().min(10),
  /** When the test may be skipped; without it, on any machine. */
  when: z.enum(['not everything is tested', 'not root']).optional(),
});

/** One entry of `test/allowed-skips.json`. */
export type AllowedSkip = z.infer<typeof skip>;

/** The conditions of a run that determine which tests may be skipped. */
export interface Circumstances {
  /** `KAIROS_FACTORY_TEST_ALL=1` */
  readonly everything: boolean;
  readonly root: boolean;
}

/** Reads the list of tests that may be skipped. Throws a ZodError when it is malformed. */
export const parseAllowedSkips = (text: string): AllowedSkip[] => z.array(skip).parse(JSON.parse(text));

function allows({ when }: AllowedSkip, { everything, root }: Circumstances): boolean {
  if (when === 'not everything is tested') return !everything;
  return when === undefined || !root;
}

/**
 * Compares the skipped tests of a run with the list of allowed skips.
 * @returns one sentence for each test that may not be skipped, and for each entry whose file ran but has no such test
 */
export function judgeSkips(
  results: readonly TestResults[],
  allowed: readonly AllowedSkip[],
  run: Circumstances & { readonly project: string },
): string[] {
  const found: string[] = [];
  const ran = new Set<string>();
  const matched = new Set<AllowedSkip>();
  for (const { name, assertionResults } of results.flatMap(({ testResults }) => testResults)) {
    const file = relative(run.project, name);
    ran.add(file);
    for (const { ancestorTitles, title, status } of assertionResults) {
      const test = [...ancestorTitles, title].join(' > ');
      const entries = allowed.filter(
        (entry) => entry.file === file && `${test} `.startsWith(`${entry.test} `),
      );
      for (const entry of entries) matched.add(entry);
      if (status !== 'passed' && status !== 'failed' && !entries.some((entry) => allows(entry, run)))
        found.push(`${file}: "${test}" was skipped, and test/allowed-skips.json does not allow it here`);
    }
  }
  for (const entry of allowed)
    if (ran.has(entry.file) && !matched.has(entry))
      found.push(`test/allowed-skips.json: ${entry.file} has no test "${entry.test}"`);
  return found;
}
