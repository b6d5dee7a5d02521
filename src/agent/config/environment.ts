import type { ConfigData } from '../../common/cloud-config/parse.ts';
import type { Host } from '../../common/host/host.ts';
import { strings, tree } from '../deploy/config-values.ts';

const ENTRY = /^([A-Za-z_]\w*)=(.*)$/s;

/** Names and values of a list of `NAME=VALUE`; what has another form is left out. */
export function environmentEntries(entries: unknown): (readonly [name: string, value: string])[] {
  return strings(entries).flatMap((entry) => {
    const [, name, value = ''] = ENTRY.exec(entry) ?? [];
    return name === undefined ? [] : [[name, value] as const];
  });
}

/**
 * Sets the variables of `env`, and of `install.env` for an installation, for this run of the agent: proxies for what it fetches,
 * and the environment of hooks and bundles (docs/contract.md 4.4). An entry that is not `NAME=VALUE` causes a warning.
 */
export function applyEnvironment(
  host: Host,
  config: ConfigData,
  operation: 'install' | 'upgrade' | 'reset',
): void {
  const entries = [
    ...strings(config['env']),
    ...(operation === 'install' ? strings(tree(config['install'])['env']) : []),
  ];
  for (const entry of entries) {
    if (!ENTRY.test(entry))
      host.log('warn', `env: "${entry.split('=', 1)[0]}" is not of the form NAME=VALUE`);
  }
  const variables = Object.fromEntries(environmentEntries(entries));
  const names = Object.keys(variables);
  if (names.length === 0) return;
  host.setEnvironment(variables);
  // Only the names: a proxy's URL may contain a password.
  host.log('info', `the configuration sets ${names.join(', ')}`);
}
