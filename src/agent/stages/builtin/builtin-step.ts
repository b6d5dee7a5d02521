import type { Host } from '../../../common/host/host.ts';

/** Something that every node does at a moment, without any file that says so. */
export interface BuiltinStep {
  /** A stage, or its `.before` or `.after`; it runs before the steps of files. */
  readonly stage: string;
  readonly name: string;
  /** Does it; failures are thrown, and the stage goes on. */
  run(host: Host): Promise<void>;
}
