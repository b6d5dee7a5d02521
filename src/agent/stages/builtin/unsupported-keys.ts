import { findUnsupported } from '../../../common/cloud-config/find-unsupported.ts';
import { collectConfig } from '../../config/collect.ts';
import type { BuiltinStep } from './builtin-step.ts';

/** Logs the unsupported keys of each configuration, with its file, at every boot. */
export const unsupportedKeysStep: BuiltinStep = {
  stage: 'network.after',
  name: 'unsupported keys',
  run: async (host) => {
    const { layers } = await collectConfig(host, { fetch: 'never' });
    for (const { name, data } of layers) {
      for (const { message } of findUnsupported(data)) host.log('warn', `${name}: ${message} (skipped)`);
    }
  },
};
