import type { PluginKey, StageStep } from '../../common/cloud-config/step-schema.ts';
import type { Host } from '../../common/host/host.ts';

/** What a plugin receives. */
export interface PluginContext {
  readonly host: Host;
  /**
   * Expands a Go template (docs/contract.md 4.8). A template that cannot be rendered stays as it is, with a warning in the log.
   */
  readonly expand: (text: string) => Promise<string>;
  /** The whole step, for plugins with a second key such as `environment_file`. */
  readonly step: StageStep;
}

/** An action of steps (docs/contract.md 4.7); each has a file in `plugins/`. */
export interface Plugin<K extends PluginKey = PluginKey> {
  readonly key: K;
  /** Runs the action. The executor reports what it throws and continues with the next action. */
  run(context: PluginContext, value: NonNullable<StageStep[K]>): Promise<void>;
}
