import type { BuildEvent } from './events.ts';

/** How a build is run, besides what it builds. */
export interface BuildOptions {
  readonly useCache: boolean;
  /** Take no image and no package that the lock does not have. */
  readonly locked: boolean;
  /** Fetch nothing. */
  readonly offline: boolean;
  readonly emit: (event: BuildEvent) => void;
  /** Receives the path of the log as soon as there is one. */
  readonly onLog: (file: string) => void;
}
