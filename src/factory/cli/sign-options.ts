import { Option } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { SignSpec } from '../config/signing.ts';

/** The option `--sign` of commands that make or push something. */
export const SIGN_OPTION = new Option(
  '--sign [key]',
  'sign what is made or pushed: a key file, env://VARIABLE, the URI of a KMS, or keyless (default: the key "sign")',
);

/** Its opposite. */
export const NO_SIGN_OPTION = new Option('--no-sign', 'sign nothing, whatever the configuration says');

/** The value of the option by configuration key. */
export function signFlag(sign: string | boolean | undefined): Record<string, unknown> {
  return { 'sign.key': typeof sign === 'string' ? sign : undefined };
}

/** @throws FactoryError `usage` when a signature is asked for and nobody is named to make it */
export function requireSigner(option: string | boolean | undefined, sign: SignSpec | undefined): void {
  if (option !== true || sign !== undefined) return;
  throw new FactoryError('SIGNER_MISSING', '--sign names no key, and the configuration has no key "sign"', {
    remedy: 'Write --sign KEY, with a file, env://VARIABLE, the URI of a KMS, or keyless.',
  });
}
