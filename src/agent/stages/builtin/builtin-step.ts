import type { Host } from '../../../common/host/host.ts';

/** A step that every node runs in a stage, without a configuration. */
export interface BuiltinStep {
  /** A stage, or its `.before` or `.after`; the step runs before those of configurations. */
  readonly stage: string;
  readonly name: string;
  /** Runs the step. The stage logs what it throws and continues. */
  run(host: Host): Promise<void>;
}
