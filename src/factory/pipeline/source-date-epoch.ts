import { FactoryError } from '../../common/errors/factory-error.ts';

/**
 * Checks `SOURCE_DATE_EPOCH` against its specification (reproducible-builds.org): a Unix timestamp in decimal.
 * @returns the text; `undefined` when the variable is not set
 * @throws FactoryError `usage` for anything else
 */
export function sourceDateEpoch(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[1-9]\d{0,9}$/.test(text)) return text;
  throw new FactoryError('OPTION_INVALID', `SOURCE_DATE_EPOCH: "${text}" is not a Unix timestamp`, {
    remedy: 'Set it to a whole number of seconds, or unset it.',
  });
}
