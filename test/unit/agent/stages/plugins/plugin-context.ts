import type { PluginContext } from '../../../../../src/agent/stages/plugin.ts';
import type { TestHost } from '../../support/test-host.ts';

/** What a plugin works with; `<NAME>` stands for a template, and `<BROKEN>` for one that does not expand. */
export function pluginContext(host: TestHost, values: Readonly<Record<string, string>> = {}): PluginContext {
  return {
    host,
    expand: async (text) =>
      text.replaceAll(/<(\w+)>/g, (_, name: string) => {
        if (name === 'BROKEN') throw new Error('the template is broken');
        return values[name] ?? '';
      }),
    step: {},
  };
}
