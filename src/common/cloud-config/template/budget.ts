/** Maximum size of a text or list that a template produces, far above what node configurations need. */
const MAX_SIZE = 10 * 1024 * 1024;
/** Maximum work per template, so that an untrusted template ends within seconds. */
const MAX_WORK = 2_000_000;
/** Characters or list items that count as one evaluation. */
const PER_WORK = 64;

/** Limits the work and the output of a template. */
export interface Budget {
  /** Counts one evaluation that produces something of `size`. @returns a message when a limit is exceeded */
  spend(size: number): string | undefined;
  /** Counts `size` characters of output. @returns a message when a limit is exceeded */
  write(size: number): string | undefined;
}

/** Creates the budget of one expansion. */
export function createBudget(): Budget {
  let work = 0;
  let written = 0;
  const spend = (size: number) => {
    work += 1 + size / PER_WORK;
    if (size > MAX_SIZE) return `the template produces more than ${MAX_SIZE / 1024 / 1024} MiB`;
    return work > MAX_WORK ? 'the template does not terminate' : undefined;
  };
  return {
    spend,
    write: (size) => {
      written += size;
      return spend(written > MAX_SIZE ? written : size);
    },
  };
}
