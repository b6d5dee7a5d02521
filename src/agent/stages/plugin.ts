import type { PluginKey, StageStep } from '../../common/cloud-config/step-schema.ts';
import type { Host } from '../../common/host/host.ts';

/** What a plugin works with. */
export interface PluginContext {
  readonly host: Host;
  /**
   * Expands a Go template (docs/contract.md 4.8). @throws FactoryError `usage` for what the template language does not
   * have
   */
  readonly expand: (text: string) => Promise<string>;
  /** The whole step, for plugins with a second key such as `environment_file`. */
  readonly step: StageStep;
}

/** One thing that a step can do (docs/contract.md 4.7): a file each in `plugins/`. */
export interface Plugin<K extends PluginKey = PluginKey> {
  readonly key: K;
  /** Does it; failures are thrown, and the executor goes on with the next step. */
  run(context: PluginContext, value: NonNullable<StageStep[K]>): Promise<void>;
}
