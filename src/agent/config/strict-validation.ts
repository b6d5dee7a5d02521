import { problemsOf } from '../../common/cloud-config/problems.ts';
import { CloudConfig, withoutNulls } from '../../common/cloud-config/schema.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { collectConfig } from './collect.ts';

/**
 * Checks every configuration of the node, as upstream's `--strict-validation` demands.
 * @throws FactoryError `usage` that lists values of wrong types, and configurations that cannot be read
 */
export async function requireStrictConfig(host: Host): Promise<void> {
  const { layers, problems } = await collectConfig(host);
  const invalid = layers.flatMap(({ name, data }) =>
    problemsOf(CloudConfig, withoutNulls(data)).map(({ message }) => `${name}: ${message}`),
  );
  const [first, ...others] = [...problems, ...invalid];
  if (first === undefined) return;
  throw new FactoryError('CLOUD_CONFIG_INVALID', first, {
    details: others,
    remedy: 'Correct the configuration, or omit --strict-validation and $STRICT_VALIDATIONS.',
  });
}
