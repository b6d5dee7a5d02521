import { findUnsupported } from '../../common/cloud-config/find-unsupported.ts';
import type { ConfigData } from '../../common/cloud-config/parse.ts';
import type { NodeOperation } from '../../common/cloud-config/unsupported-keys.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/**
 * Logs a warning for each key of a configuration that this agent does not honour.
 * @param operation the operation that is about to start
 * @throws FactoryError `usage` when a key asks for protection that the operation would drop
 */
export function reportUnsupportedKeys(host: Host, config: ConfigData, operation: NodeOperation): void {
  const found = findUnsupported(config);
  const [first, ...others] = found.filter(({ entry }) => entry.stops?.includes(operation));
  if (first !== undefined) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', first.message, {
      details: others.map(({ message }) => message),
      remedy: `Change the configuration; the ${operation} did not start, because it would drop this protection.`,
    });
  }
  for (const { message } of found) host.log('warn', `${message} (skipped)`);
}
