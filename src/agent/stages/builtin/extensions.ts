import { bootState } from '../../config/boot-state.ts';
import { linkExtensions } from '../../extensions/link-extensions.ts';
import type { BuiltinStep } from './builtin-step.ts';

/** Merges the system and configuration extensions of the running slot (docs/contract.md 2.7). */
export const extensionsStep: BuiltinStep = {
  stage: 'fs.before',
  name: 'extensions',
  run: async (host) => void (await linkExtensions(host, await bootState(host))),
};
