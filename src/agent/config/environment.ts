import type { ConfigData } from '../../common/cloud-config/parse.ts';
import type { Host } from '../../common/host/host.ts';
import { strings, tree } from '../deploy/config-values.ts';

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
  const variables: Record<string, string> = {};
  for (const entry of entries) {
    const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(entry) ?? [];
    if (name === undefined)
      host.log('warn', `env: "${entry.split('=', 1)[0]}" is not of the form NAME=VALUE`);
    else variables[name] = value;
  }
  const names = Object.keys(variables);
  if (names.length === 0) return;
  host.setEnvironment(variables);
  // Only the names: a proxy's URL may contain a password.
  host.log('info', `the configuration sets ${names.join(', ')}`);
}
