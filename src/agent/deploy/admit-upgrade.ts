import { requireMenuVariables } from '../../common/cloud-config/menu-variables.ts';
import type { Host } from '../../common/host/host.ts';
import { parseSource } from '../../common/oci/layers/source.ts';
import { applyEnvironment } from '../config/environment.ts';
import { reportUnsupportedKeys } from '../config/unsupported.ts';
import { type AdmittedSource, admitSource } from '../trust/admit-source.ts';
import { configuredKey } from '../trust/configured-key.ts';
import { type UpgradeOptions, type UpgradeRequest, upgradeOptions } from './upgrade-options.ts';

/**
 * Checks the configuration of an upgrade, and prepares the environment for what is fetched.
 * @throws FactoryError `usage` for keys that the agent cannot honour, and without a source
 */
export function readyOptions(host: Host, request: UpgradeRequest): UpgradeOptions {
  reportUnsupportedKeys(host, request.config, 'upgrade');
  requireMenuVariables(request.config, 'upgrade');
  applyEnvironment(host, request.config, 'upgrade');
  return upgradeOptions(request.config, request);
}

/** Resolves the source of an upgrade, verifies it, and pins it to its digest. @throws FactoryError as {@link admitSource} */
export async function admitUpgrade(
  host: Host,
  { config, skipVerify: skip }: UpgradeRequest,
  { source, insecure }: UpgradeOptions,
): Promise<AdmittedSource> {
  const also = await configuredKey(host, config);
  return admitSource(host, parseSource(source), { skip, insecure, pin: true, also });
}
