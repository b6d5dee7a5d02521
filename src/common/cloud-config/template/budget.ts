/** Largest text or list that a template makes: no configuration of a node comes near. */
const MAX_SIZE = 10 * 1024 * 1024;
/** Most work of one template, so that one from a stranger ends within seconds. */
const MAX_WORK = 2_000_000;
/** Characters or list items that cost as much as one evaluation. */
const PER_WORK = 64;

/** Keeps a template within bounds. */
export interface Budget {
  /** Counts one evaluation and the making of something of that size. @returns what is exceeded */
  spend(size: number): string | undefined;
  /** Counts characters of the result. @returns what is exceeded */
  write(size: number): string | undefined;
}

/** A fresh budget, for one expansion. */
export function createBudget(): Budget {
  let work = 0;
  let written = 0;
  const spend = (size: number) => {
    work += 1 + size / PER_WORK;
    if (size > MAX_SIZE) return `the template makes more than ${MAX_SIZE / 1024 / 1024} MiB`;
    return work > MAX_WORK ? 'the template does not come to an end' : undefined;
  };
  return {
    spend,
    write: (size) => {
      written += size;
      return spend(written > MAX_SIZE ? written : size);
    },
  };
}
