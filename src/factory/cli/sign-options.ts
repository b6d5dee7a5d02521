import { Option } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { SignSpec } from '../config/signing.ts';
import { GROUPS } from './option-groups.ts';

/** The option `--sign` of commands that build or push. */
export const SIGN_OPTION = new Option(
  '--sign [key]',
  'sign the result with a key file, env://VARIABLE, the URI of a KMS key, or keyless (default: the configuration key "sign")',
).helpGroup(GROUPS.trust);

/** The opposite of {@link SIGN_OPTION}. */
export const NO_SIGN_OPTION = new Option('--no-sign', 'do not sign, even if configured').helpGroup(
  GROUPS.trust,
);

/** The value of the option by configuration key. */
export function signFlag(sign: string | boolean | undefined): Record<string, unknown> {
  return { 'sign.key': typeof sign === 'string' ? sign : undefined };
}

/** Checks that `--sign` has a signer. @throws FactoryError `usage` when neither the option nor the configuration has one */
export function requireSigner(option: string | boolean | undefined, sign: SignSpec | undefined): void {
  if (option !== true || sign !== undefined) return;
  throw new FactoryError('SIGNER_MISSING', '--sign has no value, and the configuration has no key "sign"', {
    remedy: 'Use --sign KEY with a file, env://VARIABLE, the URI of a KMS key, or keyless.',
  });
}
