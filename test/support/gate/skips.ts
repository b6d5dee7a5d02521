import { relative } from 'node:path';
import * as z from 'zod';
import type { TestResults } from './results.ts';

const skip = z.strictObject({
  /** The test file, below the project's directory. */
  file: z.string().regex(/^test\/.*\.test\.ts$/),
  /**
   * The titles of the groups around a test and its own, joined by ` > `, or their beginning up to the end of a word: the
   * title of a group stands for all tests in it.
   */
  test: z.string().min(1),
  reason: z.string().min(10),
  /** When the test may be skipped; without it, on any machine. */
  when: z.enum(['not everything is tested', 'not root']).optional(),
});

/** One entry of `test/allowed-skips.json`. */
export type AllowedSkip = z.infer<typeof skip>;

/** The circumstances of a run that decide about skips. */
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
 * Compares the skipped tests of a run with the list of those that may be.
 * @returns one sentence per test that may not be skipped, and per entry of a file that ran whose test does not exist
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
