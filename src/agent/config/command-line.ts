import type { Host } from '../../common/host/host.ts';

/** What the kernel command line tells the agent (docs/contract.md 4.2, 4.6). */
export interface CommandLine {
  /** As the kernel shows it. */
  readonly text: string;
  /** Values of `kairos.config_url`: all that the collector follows, so that other arguments do not become configuration. */
  readonly configUrls: readonly string[];
  /** URLs and paths with steps: those, and the older `cos.setup` and `config_url`. */
  readonly stageUrls: readonly string[];
  /** `KEY=VALUE` of every `kairos.config`, keys dotted. */
  readonly assignments: readonly string[];
  /** Steps in dotted form as the executor of the field takes them: `stages.boot[0].commands[0]=…`, brackets as dots. */
  readonly stageAssignments: readonly string[];
}

/** Reads `/proc/cmdline`; an empty one when there is none. */
export async function readCommandLine(host: Host): Promise<CommandLine> {
  return parseCommandLine((await host.readText('/proc/cmdline')) ?? '');
}

/** Takes a command line apart; double quotes hold words together, as they do for the kernel. */
export function parseCommandLine(text: string): CommandLine {
  const words = (text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));
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
