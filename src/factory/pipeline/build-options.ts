import type { BuildEvent } from './events.ts';

/** Options of a build besides its specification. */
export interface BuildOptions {
  /** Whether to use results of earlier builds. */
  readonly useCache: boolean;
  /** Whether to use only images and packages of the lock. */
  readonly locked: boolean;
  /** Whether to fetch nothing. */
  readonly offline: boolean;
  readonly emit: (event: BuildEvent) => void;
  /** Called with the path of the log once it exists. */
  readonly onLog: (file: string) => void;
}
