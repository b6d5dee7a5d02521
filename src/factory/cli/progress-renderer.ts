import type { BuildEvent } from '../pipeline/events.ts';

/** Displays the events of a build. */
export interface ProgressRenderer {
  readonly onEvent: (event: BuildEvent) => void;
  /** Ends the display; no event may follow. A second call does nothing. */
  readonly close: () => Promise<void>;
}
