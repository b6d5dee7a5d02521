import type { Host } from '../../../common/host/host.ts';
import { parseSource } from '../../../common/oci/layers/source.ts';
import { formatImageReference } from '../../../common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../common/oci/registry/platform.ts';
import { openRegistry } from '../../../common/oci/registry/registry.ts';
import { applyEnvironment } from '../../config/environment.ts';
import { upgradeOptions } from '../../deploy/upgrade-options.ts';
import { globalAddresses } from '../../onboarding/addresses.ts';
import { type Check, type Finding, failure, ok, warning } from '../check.ts';
import { failed } from '../failed.ts';

/** There is an address, a way out, and the registry of the configured upgrade answers. */
export const networkCheck: Check = {
  id: 'network',
  on: 'any',
  onlyByName: true,
  run: async ({ host, config }) => {
    const addresses = await globalAddresses(host);
    const findings: Finding[] =
      addresses.length > 0
        ? [ok(`addresses: ${addresses.join(' ')}`)]
        : [
            failure(
              'no interface has an address',
              'Check the cables, and the configuration of the network (docs/network.md).',
            ),
          ];
    if (!(await hasDefaultRoute(host)))
      findings.push(
        warning('there is no default route', 'Set a gateway, unless everything is in the same network.'),
      );
    const { data } = await config();
    applyEnvironment(host, data, 'upgrade');
    return [...findings, await registryAnswers(host, data).catch(failed)];
  },
};

async function hasDefaultRoute(host: Host): Promise<boolean> {
  for (const family of ['-4', '-6']) {
    const { stdout } = await host.run('ip', [family, 'route', 'show', 'default'], { allowFailure: true });
    if (stdout.trim() !== '') return true;
  }
  return false;
}

async function registryAnswers(host: Host, config: Readonly<Record<string, unknown>>): Promise<Finding> {
  let options: ReturnType<typeof upgradeOptions>;
  try {
    options = upgradeOptions(config, {});
  } catch {
    return ok('the configuration names no source of upgrades, so that no registry was asked');
  }
  const source = parseSource(options.source);
  if (source.kind !== 'oci') return ok(`upgrades come from ${options.source}, without a registry`);
  const { insecure } = options;
  const { digest } = await openRegistry(host, source.reference, { insecure, attempts: 2 }).resolveManifest(
    parsePlatform(host.arch),
  );
  return ok(`${formatImageReference(source.reference)} can be fetched: ${digest}`);
}
