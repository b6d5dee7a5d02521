import { behindLinks } from '../behind-links.ts';
import type { Plugin } from '../plugin.ts';

const ENVIRONMENT = '/etc/environment';

/**
 * `environment`: sets variables in `environment_file` and keeps the other content of the file. Values may be templates
 * (docs/contract.md 4.8).
 */
export const environmentPlugin: Plugin<'environment'> = {
  key: 'environment',
  run: async ({ host, expand, step }, variables) => {
    const path = await behindLinks(host, step.environment_file || ENVIRONMENT);
    const entries = await Promise.all(
      Object.entries(variables).map(async ([key, value]) => [key, await expand(String(value))] as const),
    );
    const [present, stat] = await Promise.all([host.readText(path), host.stat(path)]);
    await host.write(path, mergeEnvironment(present ?? '', entries), { mode: stat?.mode ?? 0o644 });
  },
};

/** Sets variables in an environment file: existing ones in place, new ones at the end; comments stay. */
export function mergeEnvironment(text: string, entries: readonly (readonly [string, string])[]): string {
  const open = new Map(entries);
  const lines = text.split('\n').flatMap((line) => {
    const key = /^\s*(?:export\s+)?([^\s=#]+)\s*=/.exec(line)?.[1];
    if (key === undefined || !entries.some(([name]) => name === key)) return [line];
    const value = open.get(key);
    open.delete(key);
    return value === undefined ? [] : [assignment(key, value)];
  });
  if (lines.at(-1) === '') lines.pop();
  return [...lines, ...[...open].map(([key, value]) => assignment(key, value)), ''].join('\n');
}

/** pam_env(8), EnvironmentFile of systemd.exec(5) and sh all read double quotes; a line break is `\n`, as in upstream. */
function assignment(key: string, value: string): string {
  return `${key}="${value.replaceAll(/[\\"$`]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}
