import { collectConfig } from '../../config/collect.ts';
import { argumentsIn } from '../../config/command-line.ts';
import { placeProxies, proxiesOf } from '../../network/proxies.ts';
import type { BuiltinStep } from './builtin-step.ts';

/** Gives all services the proxies of the configuration before the first of them starts, and before anything is fetched. */
export const proxiesStep: BuiltinStep = {
  // After the step that reads the configuration on a CIDATA volume.
  stage: 'initramfs.after',
  name: 'proxies',
  run: async (host) => {
    const { data } = await collectConfig(host, { fetch: 'never' });
    const proxies = proxiesOf(argumentsIn((await host.readText('/proc/cmdline')) ?? ''), data['env']);
    const names = Object.keys(proxies);
    if (names.length === 0) return;
    await placeProxies(host, proxies);
    // Only the names: an address may contain a password.
    host.log(
      'info',
      `services and logins use ${names.filter((name) => name === name.toUpperCase()).join(', ')}`,
    );
  },
};
