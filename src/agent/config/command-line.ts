import type { Host } from '../../common/host/host.ts';

/** The kernel arguments that concern the agent (docs/contract.md 4.2, 4.6). */
export interface CommandLine {
  /** The whole command line. */
  readonly text: string;
  /** Values of `kairos.config_url`, the only argument that adds a configuration to the merged one. */
  readonly configUrls: readonly string[];
  /** URLs and paths of configurations with steps: `kairos.config_url`, and the older `cos.setup` and `config_url`. */
  readonly stageUrls: readonly string[];
  /** `KEY=VALUE` of every `kairos.config`, with dotted keys. */
  readonly assignments: readonly string[];
  /** Steps as upstream's executor accepts them, `stages.boot[0].commands[0]=…`, with brackets turned into dots. */
  readonly stageAssignments: readonly string[];
}

/** Reads and parses `/proc/cmdline`; a missing file counts as empty. */
export async function readCommandLine(host: Host): Promise<CommandLine> {
  return parseCommandLine((await host.readText('/proc/cmdline')) ?? '');
}

/** The words of a command line; double quotes group them, as they do for the kernel. */
export function argumentsIn(text: string): string[] {
  return (text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

/** Parses a command line. */
export function parseCommandLine(text: string): CommandLine {
  const words = argumentsIn(text);
  const valuesOf = (...names: string[]) =>
    words.flatMap((word) => {
      const [name = '', ...rest] = word.split('=');
      const value = rest.join('=');
      return names.includes(name) && value !== '' ? [value] : [];
    });
  return {
    text: text.trim(),
    configUrls: valuesOf('kairos.config_url'),
    stageUrls: [...new Set(valuesOf('kairos.config_url', 'cos.setup', 'config_url'))],
    assignments: valuesOf('kairos.config'),
    stageAssignments: words
      .filter((word) => /^stages[.[]/.test(word))
      .map((word) => word.replace(/^[^=]*/, (key) => key.replaceAll(/\[(\w+)\]/g, '.$1'))),
  };
}
