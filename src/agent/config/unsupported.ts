import { findUnsupported } from '../../common/cloud-config/find-unsupported.ts';
import type { ConfigData } from '../../common/cloud-config/parse.ts';
import type { NodeOperation } from '../../common/cloud-config/unsupported-keys.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/**
 * Logs a warning for each key of a configuration that this agent does not honour.
 * @param operation what is about to be done with the node
 * @throws FactoryError `usage` when a key asks for protection that the operation would drop
 */
export function reportUnsupportedKeys(host: Host, config: ConfigData, operation: NodeOperation): void {
  const found = findUnsupported(config);
  const [first, ...others] = found.filter(({ entry }) => entry.stops?.includes(operation));
  if (first !== undefined) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', first.message, {
      details: others.map(({ message }) => message),
      remedy: `Change the configuration; nothing was done, because the ${operation} would drop what the key asks for.`,
    });
  }
  for (const { message } of found) host.log('warn', `${message} (skipped)`);
}
