/** A command line to copy, and what it does. */
export interface Example {
  /** A sentence without its full stop. */
  readonly what: string;
  /** The words after `kairos-factory`. */
  readonly line: string;
}

/** What commander has no place for. Help, manual pages and the documentation show it; tests run the examples. */
export interface Guide {
  readonly examples: readonly [Example, ...Example[]];
  /** Pages of the documentation, without their ending. */
  readonly pages: readonly [string, ...string[]];
}
